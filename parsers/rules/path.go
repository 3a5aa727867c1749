package rules

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"penaltybox/parsers"
	"penaltybox/parsers/event"
	"penaltybox/parsers/web"
)

// path reads a request that the recogniser of access logs is to know too.
func (r *reader) path(n *yaml.Node) {
	var j judgement
	request := web.Request{At: web.Whole, Kind: &j.kind}
	fields := r.fields(&j, false)
	fields["match"], fields["ignore"] = r.samples(&r.requestSamples, &j.kind)
	fields["path"] = func(n *yaml.Node) { request.Path = r.Text(n) }
	fields["at"] = func(n *yaml.Node) { request.At = web.Place(r.Text(n)) }
	fields["query"] = func(n *yaml.Node) { request.Query = r.Text(n) }
	fields["method"] = func(n *yaml.Node) { request.Method = r.Text(n) }
	r.Mapping(n, fields)
	if n.Kind != yaml.MappingNode {
		return
	}
	r.finish(n, &j)
	r.wantSamples(n)
	r.told(n, when(j.kind.Tier == event.Soft, "tier soft: of requests, say hard or medium"))
	same := func(other web.Request) bool {
		return other.At == request.At && other.Path == request.Path && other.Query == request.Query && other.Method == request.Method
	}
	switch {
	case yamlMissing(n, "path"):
		r.Fault(n, "path: name one")
	case slices.ContainsFunc(r.requests, same):
		r.Fault(n, "path %s stands here twice", request.Path)
	case request.Path != "":
		r.told(n, request.Check())
	}
	if j.kind.Summary == "" {
		j.kind.Summary = event.Note([]byte("asked for " + request.Path))
	}
	r.requests = append(r.requests, request)
}

// webService returns the recogniser of access logs with further requests.
func webService(requests []web.Request) (parsers.Service, error) {
	service, err := parsers.Find(web.Name)
	if err != nil {
		return parsers.Service{}, err
	}
	for _, request := range requests {
		service.Kinds = append(service.Kinds, *request.Kind)
	}
	service.New = func(setting event.Setting) parsers.Recogniser { return web.New(setting, requests...) }
	return service, nil
}
