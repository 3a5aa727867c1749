package reportapi

import (
	"errors"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// readObject reads the body of a request that writes a control record, and that
// has no parameters.
func (s *server) readObject(c *gin.Context) (object, error) {
	if _, err := queryOf(c); err != nil {
		return nil, err
	}
	return s.objectOf(c)
}

// fieldNames says which field of a request each subject of scoring/control's
// refusals came from.
type fieldNames map[string]string

// refusalOf tells refusals of scoring/control from faults. A refusal begins
// with its subject, and often the value: `role "x": more than …`.
func refusalOf(err error, fields fieldNames) error {
	for _, fault := range []error{scoring.ErrConflict, scoring.ErrNotFound, scoring.ErrUnavailable} {
		if errors.Is(err, fault) {
			return err
		}
	}
	subject, problem, _ := strings.Cut(err.Error(), ": ")
	subject, value, _ := strings.Cut(subject, " ")
	field, known := fields[subject]
	if !known {
		return err
	}
	return &intake.Refusal{Field: field, Value: strings.Trim(value, `"`), Problem: problem}
}
