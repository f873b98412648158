package plan

const raceDetector = false
