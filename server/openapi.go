package server

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaName names a type in the description as a client wants to read it: appView is App,
// a list of them AppList, and the body of createToken CreateToken.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	name = strings.TrimSuffix(name, "Body")
	item, listed := strings.CutPrefix(name, "List")
	name = strings.TrimSuffix(item, "View")
	if listed {
		name += "List"
	}
	return name
}

// describe says what huma cannot see in the types: bodies that handlers write or read by
// themselves.
func (rt route) describe(op *huma.Operation, schemas huma.Registry) {
	content := map[string]*huma.MediaType{}
	if rt.answer != nil {
		content["application/json"] = &huma.MediaType{Schema: schemas.Schema(reflect.TypeOf(rt.answer), true, "")}
	}
	if rt.later {
		op.Responses = map[string]*huma.Response{strconv.Itoa(http.StatusAccepted): {Description: "Accepted", Content: map[string]*huma.MediaType{"application/json": content["application/json"]}}}
	}
	if rt.stream != "" {
		content[rt.stream] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: "In pieces, see the description of the operation"}}
	}
	if len(content) > 0 {
		if op.Responses == nil {
			op.Responses = map[string]*huma.Response{}
		}
		op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{Description: "OK", Content: content}
	}
	if rt.upload {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: uploadSchema()}}}
	}
}

func uploadSchema() *huma.Schema {
	file := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	return &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
		"archive": {Type: huma.TypeString, Format: "binary", Description: "A ZIP with the app"},
		"file":    {Type: huma.TypeArray, Items: file, Description: "The files of a folder, each with its path as file name"},
	}}
}
