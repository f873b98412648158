package story

// The world of a story that brings none of its own: four pins, of which idna
// is current.
const (
	defaultConfig = `
gitlab: {url: https://gitlab.example}
projects:
  - path: cki-project/pipeline-definition
    files:
      - {path: constraints.txt, derived: {path: pipeline/constraints.yml}}
    timezone: Europe/Prague
    python: ["3.9", "3.12"]
`

	defaultWorld = `
boto3 1.34.39 2024-02-09T20:00Z
boto3 1.34.41 2025-12-20T20:00Z
idna 3.6 2023-11-25T15:00Z
requests 2.31.0 2023-05-22T15:00Z
requests 2.32.5 2025-12-18T18:00Z
urllib3 1.26.18 2023-10-17T17:00Z
urllib3 1.26.20 2025-12-01T12:00Z
urllib3 2.6.2 2025-12-11T15:00Z
`

	defaultConstraints = `# What the pipeline installs.
boto3==1.34.39
idna==3.6
requests==2.31.0
urllib3==1.26.18
`

	defaultDerived = `---
# Generated from constraints.txt by pinwheel. Do not edit.
variables:
  PYTHON_CONSTRAINTS: |
    # What the pipeline installs.
    boto3==1.34.39
    idna==3.6
    requests==2.31.0
    urllib3==1.26.18
`
)
