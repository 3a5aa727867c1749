package crowdsec

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// maxLogin is the most bytes of a login, with the names of an agent's
// scenarios.
const maxLogin = 1 << 20

// login is who an agent says it is.
type login struct {
	Machine  string `json:"machine_id"` // a reporter's name
	Password string `json:"password"`   // a key of that reporter
}

// postLogin is POST /v1/watchers/login: a reporter's name and key for a token.
func (api *lapi) postLogin(c *gin.Context) error {
	if !api.Loaded() {
		return loading()
	}
	body, err := api.Body(c, maxLogin)
	if err != nil {
		return err
	}
	var who login
	if err := json.NewDecoder(body).Decode(&who); err != nil {
		return fmt.Errorf("the login cannot be read; want {\"machine_id\":…,\"password\":…}: %w", err)
	}
	caller, err := api.Authenticate(c, who.Password, "")
	switch {
	case err != nil:
		api.Logger.Info("a login was not taken", "source", api.Source(c), "reason", err)
		return notTaken(err, &fault{status: http.StatusUnauthorized, message: "the password is no key that is known here; make one with: penaltybox reporter add NAME"})
	case caller.Reporter != who.Machine:
		return &fault{status: http.StatusUnauthorized, message: fmt.Sprintf("the key is of the reporter %q: log in by that name (login: in local_api_credentials.yaml)", caller.Reporter)}
	}
	expires := api.Now().Add(tokenLife)
	c.JSON(http.StatusOK, gin.H{
		"code": http.StatusOK, "expire": expires.UTC().Format(time.RFC3339), "token": api.seal.close(who.Password, expires),
	})
	return nil
}

// refuseRegistration is POST /v1/watchers. Machines choose their own name and
// password there, and wait for an admin to let them in; here an admin makes
// both.
func refuseRegistration(*gin.Context) error {
	return &fault{status: http.StatusForbidden, message: "machines do not register here; make a reporter with: penaltybox reporter add NAME," +
		" and write its name and key into local_api_credentials.yaml as login and password"}
}

// getHeartbeat is GET /v1/heartbeat.
func (api *lapi) getHeartbeat(c *gin.Context) error {
	if _, err := api.caller(c, ""); err != nil {
		return err
	}
	c.Status(http.StatusOK)
	return nil
}

// postUsageMetrics is POST /v1/usage-metrics, which nothing is made of.
func (api *lapi) postUsageMetrics(c *gin.Context) error {
	if _, err := api.caller(c, ""); err != nil {
		return err
	}
	c.Status(http.StatusCreated)
	return nil
}
