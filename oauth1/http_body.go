package oauth1

import (
	"bytes"
	"io"
	"net/http"
)

// MaxBufferedBody is how much of a body that can be read only once is kept in
// memory, when it must be read before it is sent.
const MaxBufferedBody = 32 << 20

// readBody returns the whole body of req and leaves it readable.
func readBody(req *http.Request) ([]byte, error) {
	var buffer bytes.Buffer
	err := eachBody(req, func(body io.Reader) error {
		n, err := io.Copy(&buffer, io.LimitReader(body, MaxBufferedBody+1))
		if err == nil && n > MaxBufferedBody {
			err = errBodyTooLarge()
		}
		return err
	})
	return buffer.Bytes(), bodyError(err)
}

// hashBody hashes the body of req in one pass, without keeping it if it can be
// read twice.
func hashBody(req *http.Request, m Method) (hash string, err error) {
	err = eachBody(req, func(body io.Reader) error {
		hash, err = m.bodyHashReader(body)
		return err
	})
	return hash, bodyError(err)
}

// eachBody calls use with the body of req, which it can read to the end; it
// reads the body in whichever way leaves it for the sender.
func eachBody(req *http.Request, use func(io.Reader) error) error {
	if req.Body == nil || req.Body == http.NoBody {
		return use(bytes.NewReader(nil))
	}
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return err
		}
		defer body.Close()
		return use(body)
	}
	if seeker, ok := req.Body.(io.ReadSeeker); ok {
		if start, err := seeker.Seek(0, io.SeekCurrent); err == nil {
			err = use(seeker)
			if _, seekErr := seeker.Seek(start, io.SeekStart); err == nil {
				err = seekErr
			}
			return err
		}
	}
	if err := bufferBody(req); err != nil {
		return err
	}
	return eachBody(req, use)
}

// bufferBody gives req a body in memory.
func bufferBody(req *http.Request) error {
	if req.ContentLength > MaxBufferedBody {
		return errBodyTooLarge()
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, MaxBufferedBody+1))
	if err != nil {
		return err
	}
	if len(body) > MaxBufferedBody {
		return errBodyTooLarge()
	}
	if err := req.Body.Close(); err != nil {
		return err
	}
	setBody(req, body)
	return nil
}

// setBody replaces the body of req, so that it can be sent again.
func setBody(req *http.Request, body []byte) {
	req.ContentLength = int64(len(body))
	if len(body) == 0 {
		req.Body, req.GetBody = http.NoBody, func() (io.ReadCloser, error) { return http.NoBody, nil }
		return
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Body, _ = req.GetBody()
}

func errBodyTooLarge() error {
	return &Error{
		Code:    CodeBodyTooLarge,
		Message: "oauth: the body must be read before it is sent, and is too large to keep",
		Detail:  "32 MiB at most; give the hash as body_hash, or a body that can be read twice",
	}
}

// bodyError makes a failed read an [*Error].
func bodyError(err error) error {
	if _, ours := err.(*Error); ours || err == nil {
		return err
	}
	return &Error{Code: CodeBodyUnreadable, Message: "oauth: the body cannot be read", Err: err}
}
