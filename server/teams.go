package server

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cleat-run/cleat/record"
)

type teamView struct {
	ID      int64     `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
}

func (s *Server) teamRoutes() {
	const tag = "Administration"
	register(s, route{id: "listTeams", method: http.MethodGet, path: "/v1/teams", tag: tag, summary: "The teams of whoever asks"}, s.listTeams)
	register(s, route{id: "createTeam", method: http.MethodPost, path: "/v1/teams", tag: tag, scope: record.Admin, status: http.StatusCreated, summary: "Make a team",
		text: "Its first owner is the person who makes it."}, s.createTeam)
	register(s, route{id: "renameTeam", method: http.MethodPatch, path: "/v1/teams/{team}", tag: tag, scope: record.Admin, summary: "Rename the team that one works in"}, s.renameTeam)
	register(s, route{id: "getBranding", method: http.MethodGet, path: "/v1/branding", tag: tag, scope: record.ConnectionsRead, summary: "How the team's pages look to end users"}, s.getBranding)
	register(s, route{id: "setBranding", method: http.MethodPut, path: "/v1/branding", tag: tag, scope: record.Admin, summary: "Change how they look"}, s.setBranding)
}

// teamID names a team in the audit log: names change.
func teamID(t *record.Team) string { return strconv.FormatInt(t.ID, 10) }

func viewTeam(t *record.Team) teamView { return teamView{t.ID, t.Name, t.Created} }

func (s *Server) listTeams(ctx context.Context, a *Actor, _ *struct{}) (*body[list[teamView]], error) {
	ids := []int64{a.Team}
	if a.Person {
		members, err := s.records.Memberships(ctx, a.ID)
		if err != nil {
			return nil, err
		}
		ids = nil
		for _, m := range members {
			ids = append(ids, m.Team)
		}
	}
	out := &body[list[teamView]]{list[teamView]{Items: []teamView{}}}
	for _, id := range ids {
		t, err := s.records.Team(ctx, id)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, viewTeam(t))
	}
	return out, nil
}

// TeamName is the body of a request that names a team.
type TeamName struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200"`
	}
}

func (s *Server) createTeam(ctx context.Context, a *Actor, in *TeamName) (*body[teamView], error) {
	if !a.Person {
		return nil, errPerson
	}
	t := &record.Team{Name: in.Body.Name}
	if err := s.records.InsertTeam(ctx, t); err != nil {
		return nil, err
	}
	if err := s.records.PutMember(ctx, record.Member{Team: t.ID, User: a.ID, Role: record.Owner}); err != nil {
		return nil, err
	}
	s.audit(ctx, &Actor{ID: a.ID, Team: t.ID, Address: a.Address}, "team.create", teamID(t), t.Name)
	return &body[teamView]{viewTeam(t)}, nil
}

type renameTeam struct {
	Team int64 `path:"team"`
	TeamName
}

func (s *Server) renameTeam(ctx context.Context, a *Actor, in *renameTeam) (*body[teamView], error) {
	if in.Team != a.Team {
		return nil, record.ErrNotFound
	}
	t, err := s.records.Team(ctx, a.Team)
	if err != nil {
		return nil, err
	}
	t.Name = in.Body.Name
	if err := s.records.UpdateTeam(ctx, t); err != nil {
		return nil, err
	}
	s.audit(ctx, a, "team.rename", teamID(t), t.Name)
	return &body[teamView]{viewTeam(t)}, nil
}

func (s *Server) getBranding(ctx context.Context, a *Actor, _ *struct{}) (*body[record.Branding], error) {
	t, err := s.records.Team(ctx, a.Team)
	if err != nil {
		return nil, err
	}
	return &body[record.Branding]{t.Branding}, nil
}

type setBranding struct{ Body record.Branding }

var (
	colour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	// Origins stand in a header of the connect page, so no sign is allowed that means
	// something there.
	originPattern = regexp.MustCompile(`^(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?$`)

	logo = regexp.MustCompile(`^data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$`)
)

const maxLogo = 200 << 10

func (s *Server) setBranding(ctx context.Context, a *Actor, in *setBranding) (*body[record.Branding], error) {
	if err := checkBranding(&in.Body); err != nil {
		return nil, err
	}
	t, err := s.records.Team(ctx, a.Team)
	if err != nil {
		return nil, err
	}
	t.Branding = in.Body
	if err := s.records.UpdateTeam(ctx, t); err != nil {
		return nil, err
	}
	s.audit(ctx, a, "branding.edit", teamID(t), t.Name)
	return &body[record.Branding]{t.Branding}, nil
}

// checkBranding refuses what could be more than a look: a logo that is a program, an
// address with a script.
func checkBranding(b *record.Branding) error {
	wrong := func(field, format string, args ...any) error {
		p := problem(http.StatusUnprocessableEntity, "invalid_branding", format, args...)
		p.Errors = []Detail{{Message: p.Detail, Field: field}}
		return p
	}
	switch {
	case len(b.Product) > 200:
		return wrong("product", "the name of the product is at most 200 bytes")
	case b.Logo != "" && (len(b.Logo) > maxLogo || !logo.MatchString(b.Logo)):
		return wrong("logo", "a logo is a data: URL of a PNG, JPEG, GIF or WebP of at most %d bytes", maxLogo)
	case b.Accent != "" && !colour.MatchString(b.Accent):
		return wrong("accent", "a colour is #rrggbb")
	case b.Support != "" && !strings.HasPrefix(b.Support, "https://") && !strings.HasPrefix(b.Support, "mailto:"):
		return wrong("support", "the support address begins with https:// or mailto:")
	case len(b.Origins) > 50:
		return wrong("origins", "at most 50 origins")
	}
	for _, origin := range b.Origins {
		if len(origin) > 300 || !originPattern.MatchString(origin) {
			return wrong("origins", "%q is no origin such as https://app.example.com", origin)
		}
	}
	return nil
}
