package server

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/lint"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/work"
)

type appView struct {
	ID      string    `json:"id" example:"app_01jd…"`
	Name    string    `json:"name"`
	Label   string    `json:"label,omitempty"`
	Active  int       `json:"active_version"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

func viewApp(a *record.App) appView {
	return appView{a.ID, a.Name, a.Label, a.Active, a.Created, a.Updated}
}

type versionView struct {
	Number   int       `json:"number"`
	Declared string    `json:"declared,omitempty" doc:"The version that the app gives itself"`
	Digest   string    `json:"sha256"`
	Size     int64     `json:"size"`
	Errors   int       `json:"errors" doc:"Mistakes that lint finds"`
	Warnings int       `json:"warnings"`
	By       string    `json:"by"`
	Created  time.Time `json:"created"`
}

func viewVersion(v *record.Version) versionView {
	return versionView{v.Number, v.Declared, v.Digest, v.Size, v.Errors, v.Warnings, v.By, v.Created}
}

type uploaded struct {
	App      appView       `json:"app"`
	Version  versionView   `json:"version"`
	Findings []findingView `json:"findings"`
}

// AppPath is the part of a path that names an app.
type AppPath struct {
	App string `path:"app" doc:"Id or name of the app"`
}

type versionPath struct {
	AppPath
	Number int `path:"number" minimum:"1"`
}

func (s *Server) appRoutes() {
	register(s, route{id: "listApps", method: http.MethodGet, path: "/v1/apps", tag: "Apps", scope: record.AppsRead, summary: "List apps"}, s.listApps)
	register(s, route{id: "uploadApp", method: http.MethodPost, path: "/v1/apps", tag: "Apps", scope: record.AppsWrite, status: http.StatusCreated, upload: true, acts: true,
		summary: "Upload an app",
		text: "As multipart/form-data: one file named `archive` with a ZIP, or the files of a folder, each named `file` with its path as file name. " +
			"An app of the same name gets a new version. `activate` (default true) says whether it runs at once."}, s.uploadApp)
	register(s, route{id: "getApp", method: http.MethodGet, path: "/v1/apps/{app}", tag: "Apps", scope: record.AppsRead, summary: "Get an app"}, s.getApp)
	register(s, route{id: "deleteApp", method: http.MethodDelete, path: "/v1/apps/{app}", tag: "Apps", scope: record.AppsWrite, status: http.StatusNoContent,
		summary: "Delete an app", text: "Refused while connections, triggers or hooks use it."}, s.deleteApp)
	register(s, route{id: "listVersions", method: http.MethodGet, path: "/v1/apps/{app}/versions", tag: "Apps", scope: record.AppsRead, summary: "List versions"}, s.listVersions)
	register(s, route{id: "activateVersion", method: http.MethodPost, path: "/v1/apps/{app}/versions/{number}/activate", tag: "Apps", scope: record.AppsWrite,
		summary: "Activate a version"}, s.activateVersion)
	register(s, route{id: "listComponents", method: http.MethodGet, path: "/v1/apps/{app}/components", tag: "Apps", scope: record.AppsRead, summary: "What is in an app"}, s.listComponents)
	register(s, route{id: "lintApp", method: http.MethodGet, path: "/v1/apps/{app}/lint", tag: "Apps", scope: record.AppsRead, summary: "What lint finds in an app"}, s.lintApp)
}

// findApp finds an app of the team by its id or its name.
func (s *Server) findApp(ctx context.Context, a *Actor, name string) (*record.App, error) {
	if record.Kind(name) == "app" {
		return s.team(a).App(ctx, name)
	}
	return s.team(a).AppNamed(ctx, name)
}

// openApp returns the active version of an app.
func (s *Server) openApp(ctx context.Context, a *Actor, name string) (*work.App, error) {
	found, err := s.findApp(ctx, a, name)
	if err != nil {
		return nil, fmt.Errorf("app %q: %w", name, err)
	}
	return s.Node.Catalog.App(ctx, a.Team, found.Name)
}

func (s *Server) listApps(ctx context.Context, a *Actor, _ *struct{}) (*body[list[appView]], error) {
	all, err := s.team(a).Apps(ctx)
	if err != nil {
		return nil, err
	}
	return pageOf(record.Page{}, all, viewApp, nil), nil
}

func (s *Server) getApp(ctx context.Context, a *Actor, in *AppPath) (*body[appView], error) {
	found, err := s.findApp(ctx, a, in.App)
	if err != nil {
		return nil, err
	}
	return &body[appView]{viewApp(found)}, nil
}

// uploaded reads the form of an upload, at most as much as an app may be, and takes away
// what was written to the disk of it. huma knows no limit for forms.
func (s *Server) uploaded(hc huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(hc)
	if r.ContentLength > s.Limits.Upload {
		s.refuse(hc, tooLarge(s.Limits.Upload))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, s.Limits.Upload)
	err := r.ParseMultipartForm(uploadMemory)
	if r.MultipartForm != nil {
		defer r.MultipartForm.RemoveAll()
	}
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		s.refuse(hc, tooLarge(s.Limits.Upload))
		return
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.refuse(hc, endedEarly(err))
		return
	}
	if errors.Is(err, multipart.ErrMessageTooLarge) {
		p := problem(http.StatusUnprocessableEntity, "invalid_request", "the form has more than %d files", maxParts)
		p.Hint = "send a ZIP instead"
		s.refuse(hc, p)
		return
	}
	if err != nil {
		s.refuse(hc, problem(http.StatusUnprocessableEntity, "invalid_request", "the form cannot be read: send multipart/form-data"))
		return
	}
	next(hc)
}

// maxParts is how many parts of a form mime/multipart reads.
const maxParts = 1000

// uploadMemory is how much of an upload is kept in memory; the rest is on the disk.
const uploadMemory = 1 << 20

type uploadInput struct {
	Activate bool   `query:"activate" default:"true"`
	Name     string `query:"name" maxLength:"100" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" doc:"Of the app; that of its folder when left out, or of the archive where it has none"`
	RawBody  multipart.Form
}

func (s *Server) uploadApp(ctx context.Context, a *Actor, in *uploadInput) (*body[uploaded], error) {
	archive, err := archiveOf(&in.RawBody, s.Limits.Upload)
	if err != nil {
		return nil, err
	}
	if in.Name == "" && flat(archive) {
		in.Name = nameOf(in.RawBody.File["archive"])
	}
	loaded, err := readApp(archive, in.Name)
	if err != nil {
		return nil, err
	}
	found := findings(loaded)
	stored := &record.App{Name: loaded.Name, Label: loaded.Label}
	version := &record.Version{Declared: strconv.Itoa(loaded.Version), Errors: len(found.Errors()), By: a.ID}
	for _, d := range found {
		if d.Severity == source.Warning {
			version.Warnings++
		}
	}
	if err := s.team(a).InsertVersion(ctx, stored, version, archive, in.Activate); err != nil {
		return nil, err
	}
	s.Node.Catalog.Forget(a.Team, stored.Name)
	s.audit(ctx, a, "app.upload", stored.ID, fmt.Sprintf("%s, version %d", stored.Name, version.Number))
	return &body[uploaded]{uploaded{viewApp(stored), viewVersion(version), viewFindings(found)}}, nil
}

// readApp reads an app that somebody uploads. What is no app, and what has entries that
// lead out of it, is refused as a whole.
func readApp(archive []byte, name string) (*cleat.App, error) {
	loaded, err := work.Open(archive, name)
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "unreadable_app", "the app cannot be read: %s", err)
	}
	for _, d := range loaded.Findings {
		if d.Code == "MAN001" || d.Code == "MAN009" {
			p := problem(http.StatusUnprocessableEntity, "unreadable_app", "the app cannot be read: %s", d.Message)
			p.Errors = []Detail{detailOf(d)}
			return nil, p
		}
	}
	return loaded, nil
}

// flat reports whether an app lies in the archive itself, and not in a folder of it that
// could name it.
func flat(archive []byte) bool {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	return err == nil && slices.ContainsFunc(r.File, func(f *zip.File) bool { return f.Name == "makecomapp.json" || f.Name == "metadata.json" })
}

// nameOf is the name of an archive without its ending, "" for none.
func nameOf(parts []*multipart.FileHeader) string {
	if len(parts) != 1 {
		return ""
	}
	return cut(strings.TrimSuffix(parts[0].Filename, ".zip"), 100)
}

// archiveOf returns the ZIP of an upload, made of its files where it was a folder.
func archiveOf(form *multipart.Form, limit int64) ([]byte, error) {
	switch {
	case len(form.File["archive"]) == 1 && len(form.File) == 1:
		return readPart(form.File["archive"][0], limit)
	case len(form.File["file"]) > 0 && len(form.File) == 1:
		return zipOf(form.File["file"], limit)
	}
	return nil, problem(http.StatusUnprocessableEntity, "invalid_request", "send one file named archive, or the files of a folder, each named file")
}

func readPart(part *multipart.FileHeader, limit int64) ([]byte, error) {
	f, err := part.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = problem(http.StatusRequestEntityTooLarge, "too_large", "an app is at most %d bytes", limit)
	}
	return content, err
}

// zipOf packs the files of a folder. Their names are checked when the archive is read,
// as those of any archive are.
func zipOf(parts []*multipart.FileHeader, limit int64) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, part := range parts {
		content, err := readPart(part, limit)
		if err != nil {
			return nil, err
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: fileName(part), Method: zip.Deflate})
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// fileName is the path of an uploaded file. mime/multipart keeps its last segment only
// (RFC 7578 4.2), so the header of the part is read again.
func fileName(part *multipart.FileHeader) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil || params["filename"] == "" {
		return part.Filename
	}
	return strings.ReplaceAll(params["filename"], `\`, "/")
}

func (s *Server) deleteApp(ctx context.Context, a *Actor, in *AppPath) (*none, error) {
	found, err := s.findApp(ctx, a, in.App)
	if err != nil {
		return nil, err
	}
	if err := s.team(a).DeleteApp(ctx, found.ID); err != nil {
		return nil, err
	}
	s.Node.Catalog.Forget(a.Team, found.Name)
	s.audit(ctx, a, "app.delete", found.ID, found.Name)
	return nil, nil
}

func (s *Server) listVersions(ctx context.Context, a *Actor, in *AppPath) (*body[list[versionView]], error) {
	found, err := s.findApp(ctx, a, in.App)
	if err != nil {
		return nil, err
	}
	all, err := s.team(a).Versions(ctx, found.ID)
	if err != nil {
		return nil, err
	}
	return pageOf(record.Page{}, all, viewVersion, nil), nil
}

func (s *Server) activateVersion(ctx context.Context, a *Actor, in *versionPath) (*body[appView], error) {
	found, err := s.findApp(ctx, a, in.App)
	if err != nil {
		return nil, err
	}
	if err := s.team(a).Activate(ctx, found.ID, in.Number); err != nil {
		return nil, err
	}
	s.Node.Catalog.Forget(a.Team, found.Name)
	s.audit(ctx, a, "app.activate", found.ID, fmt.Sprintf("%s, version %d", found.Name, in.Number))
	if found, err = s.team(a).App(ctx, found.ID); err != nil {
		return nil, err
	}
	return &body[appView]{viewApp(found)}, nil
}

func (s *Server) listComponents(ctx context.Context, a *Actor, in *AppPath) (*body[app.Summary], error) {
	opened, err := s.openApp(ctx, a, in.App)
	if err != nil {
		return nil, err
	}
	return &body[app.Summary]{opened.Summary(opened.Findings)}, nil
}

type findingView struct {
	Detail
	Severity string `json:"severity" enum:"error,warning,info"`
}

func viewFindings(found source.Diagnostics) []findingView {
	all := make([]findingView, len(found))
	for i, d := range found {
		all[i] = findingView{detailOf(d), d.Severity.String()}
	}
	return all
}

func findings(a *cleat.App) source.Diagnostics { return lint.App(a.App, a.Findings, lint.Options{}) }

func (s *Server) lintApp(ctx context.Context, a *Actor, in *AppPath) (*body[list[findingView]], error) {
	opened, err := s.openApp(ctx, a, in.App)
	if err != nil {
		return nil, err
	}
	return &body[list[findingView]]{list[findingView]{Items: viewFindings(findings(opened.App))}}, nil
}
