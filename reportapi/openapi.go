package reportapi

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"
)

const yamlType = "application/yaml"

// openAPI describes the API (OpenAPI 3.1). Tests hold it to the routes and to
// every answer they get.
//
//go:embed openapi.yaml
var openAPI []byte

// OpenAPI returns the description of the API, as YAML.
func OpenAPI() []byte { return openAPI }

func getOpenAPI(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, yamlType, openAPI)
	return nil
}
