package oauth1

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
)

// multipartText returns the text fields of a multipart/form-data body: the
// parts without a file name. RFC 5849 leaves multipart bodies out of the
// signature; Flickr wants their text fields in.
func multipartText(contentType string, body []byte) ([]Param, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, multipartError(err)
	}
	var fields []Param
	reader := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := reader.NextRawPart()
		if err == io.EOF {
			return fields, nil
		}
		if err != nil {
			return nil, multipartError(err)
		}
		if part.FormName() == "" || isFilePart(part) {
			continue
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, multipartError(err)
		}
		fields = append(fields, Param{part.FormName(), string(value)})
	}
}

// isFilePart reports whether a part has a file name, even an empty one: that
// is what browsers send for a file field nobody filled in.
func isFilePart(part *multipart.Part) bool {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	_, named := params["filename"]
	return err == nil && named
}

func multipartError(cause error) error {
	return &Error{Code: CodeMultipartInvalid, Message: "oauth: sign_multipart of text needs a readable multipart body", Err: cause}
}
