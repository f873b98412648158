package round_test

import (
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

func TestMain(m *testing.M) {
	testenv.Roomy()
	m.Run()
}
