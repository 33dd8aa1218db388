// Package photoservice is a small photo service behind OAuth 1.0: what the sample app
// examples/photos talks to in the demo and in tests. Everything is in memory, and the
// same at each start.
package photoservice

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cleat-run/cleat/oauth1/oauth1test"
)

// Album is a collection of photos.
type Album struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Count int    `json:"count"`
}

// Photo is what the service keeps.
type Photo struct {
	ID    int       `json:"id"`
	Album string    `json:"album"`
	Title string    `json:"title"`
	Tags  []string  `json:"tags"`
	Taken time.Time `json:"taken"`
	URL   string    `json:"url"`
}

// Service is an http.Handler, safe for concurrent use. The provider's endpoints are at
// the paths of package oauth1test, the service's below /api.
type Service struct {
	*oauth1test.Provider

	mu     sync.Mutex
	albums []Album
	photos []Photo
	hooks  []hook
}

// The credentials of the sample app.
const (
	ConsumerKey    = "photos-demo-key"
	ConsumerSecret = "photos-demo-secret"
)

// New returns a service with a few albums. Unless o names others, it knows one client, the
// sample app.
func New(o oauth1test.Options) *Service {
	if o.Consumers == nil {
		o.Consumers = []oauth1test.Consumer{{Key: ConsumerKey, Secret: ConsumerSecret, Name: "the sample app"}}
	}
	s := &Service{Provider: oauth1test.New(o)}
	s.albums, s.photos = sample()
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /api/me":            me,
		"GET /api/albums":        s.listAlbums,
		"GET /api/photos":        s.searchPhotos,
		"GET /api/photos/{id}":   s.getPhoto,
		"PUT /api/photos/{id}":   s.renamePhoto,
		"POST /api/hooks":        s.addHook,
		"DELETE /api/hooks/{id}": s.removeHook,
	} {
		s.Handle(pattern, s.Protect(h))
	}
	return s
}

func sample() ([]Album, []Photo) {
	albums := []Album{{ID: "sea", Title: "By the sea"}, {ID: "hills", Title: "In the hills"}, {ID: "town", Title: "Old town"}}
	subjects := []string{"Boat", "Lighthouse", "Gull", "Bridge", "Café & bar", "Cat"}
	var photos []Photo
	for i := range 57 {
		album := &albums[i%len(albums)]
		album.Count++
		subject := subjects[i%len(subjects)]
		photos = append(photos, Photo{
			ID: 1001 + i, Album: album.ID, Title: fmt.Sprintf("%s %d", subject, i/len(subjects)+1), Tags: []string{strings.ToLower(subject), album.ID},
			Taken: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(i) * 7 * time.Hour),
			URL:   fmt.Sprintf("https://photos.example/%d.jpg", 1001+i),
		})
	}
	return albums, photos
}

func me(w http.ResponseWriter, r *http.Request) {
	user := oauth1test.IdentityFrom(r.Context()).User
	answer(w, http.StatusOK, map[string]string{"id": "user-" + user, "name": user, "email": user + "@photos.example"})
}

func (s *Service) listAlbums(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"albums": s.albums})
}

// pageSize is the most photos of one page.
const pageSize = 20

// searchPhotos answers ?text, ?album, ?since, ?page and ?per_page.
func (s *Service) searchPhotos(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, size := max(number(q.Get("page")), 1), number(q.Get("per_page"))
	if size <= 0 || size > pageSize {
		size = pageSize
	}
	since, _ := time.Parse(time.RFC3339, q.Get("since")) // the zero time is before all
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []Photo{}
	for _, p := range s.photos {
		if !p.Taken.Before(since) && (q.Get("album") == "" || p.Album == q.Get("album")) && strings.Contains(strings.ToLower(p.Title), strings.ToLower(q.Get("text"))) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b Photo) int { return cmp.Compare(b.ID, a.ID) })
	from := min((page-1)*size, len(found))
	answer(w, http.StatusOK, map[string]any{
		"photos": found[from:min(from+size, len(found))], "page": page, "pages": (len(found) + size - 1) / size, "total": len(found),
	})
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return min(n, 1<<20)
}

func (s *Service) getPhoto(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.photo(w, r); p != nil {
		answer(w, http.StatusOK, p)
	}
}

func (s *Service) renamePhoto(w http.ResponseWriter, r *http.Request) {
	var change struct{ Title string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&change); err != nil || change.Title == "" {
		answer(w, http.StatusUnprocessableEntity, map[string]string{"message": "a photo needs a title"})
		return
	}
	p, before, hooks := s.rename(w, r, change.Title)
	if p != nil {
		tell(r.Context(), hooks, event{"photo.renamed", p, before})
		answer(w, http.StatusOK, p)
	}
}

// rename returns a copy of the renamed photo, its title before, and who has to be told.
func (s *Service) rename(w http.ResponseWriter, r *http.Request, title string) (*Photo, string, []hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.photo(w, r)
	if p == nil {
		return nil, "", nil
	}
	before := p.Title
	p.Title = title
	renamed := *p
	return &renamed, before, slices.Clone(s.hooks)
}

// Take adds a photo to an album; it was taken an hour after the last one.
func (s *Service) Take(album, title string) Photo {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.photos[len(s.photos)-1]
	p := Photo{ID: last.ID + 1, Album: album, Title: title, Tags: []string{album}, Taken: last.Taken.Add(time.Hour),
		URL: fmt.Sprintf("https://photos.example/%d.jpg", last.ID+1)}
	s.photos = append(s.photos, p)
	return p
}

// photo returns the photo that the path names, or answers 404; s.mu is held.
func (s *Service) photo(w http.ResponseWriter, r *http.Request) *Photo {
	i := slices.IndexFunc(s.photos, func(p Photo) bool { return strconv.Itoa(p.ID) == r.PathValue("id") })
	if i < 0 {
		answer(w, http.StatusNotFound, map[string]string{"message": "there is no photo " + r.PathValue("id")})
		return nil
	}
	return &s.photos[i]
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
