package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/cleat-run/cleat/record"
)

type userView struct {
	ID       string      `json:"id" example:"usr_01jd…"`
	Email    string      `json:"email"`
	Name     string      `json:"name,omitempty"`
	Role     record.Role `json:"role" enum:"owner,developer,operator,viewer"`
	Disabled bool        `json:"disabled,omitempty"`
	Created  time.Time   `json:"created"`
}

func (s *Server) userRoutes() {
	const tag = "Administration"
	register(s, route{id: "listUsers", method: http.MethodGet, path: "/v1/users", tag: tag, scope: record.Admin, summary: "List the people of the team"}, s.listUsers)
	register(s, route{id: "inviteUser", method: http.MethodPost, path: "/v1/users", tag: tag, scope: record.Admin, status: http.StatusCreated, summary: "Invite a person",
		text: "The answer holds a link to pass on; it works once, for a week. A person who has an account here already accepts with its password."}, s.inviteUser)
	register(s, route{id: "editUser", method: http.MethodPatch, path: "/v1/users/{user}", tag: tag, scope: record.Admin, summary: "Change a person's role"}, s.editUser)
	register(s, route{id: "resetUser", method: http.MethodPost, path: "/v1/users/{user}/reset", tag: tag, scope: record.Admin, summary: "A link to choose a new password"}, s.resetUser)
	register(s, route{id: "removeUser", method: http.MethodDelete, path: "/v1/users/{user}", tag: tag, scope: record.Admin, status: http.StatusNoContent, summary: "Take a person out of the team"}, s.removeUser)
}

func (s *Server) listUsers(ctx context.Context, a *Actor, _ *struct{}) (*body[list[userView]], error) {
	all, err := s.team(a).Members(ctx)
	if err != nil {
		return nil, err
	}
	return pageOf(record.Page{}, all, func(m record.MemberUser) userView {
		return userView{m.ID, m.Email, m.Name, m.Role, m.Disabled, m.Created}
	}, nil), nil
}

type inviteUser struct {
	Body struct {
		Email string      `json:"email" maxLength:"320"`
		Role  record.Role `json:"role" enum:"owner,developer,operator,viewer"`
	}
}

type invited struct {
	Link    string    `json:"link" doc:"Pass it on; it works once"`
	Expires time.Time `json:"expires"`
}

// inviteUser makes a link, whoever the address belongs to: whether somebody has an account
// here is not for the owner of one team to know (server.md 5).
func (s *Server) inviteUser(ctx context.Context, a *Actor, in *inviteUser) (*body[invited], error) {
	email := normalEmail(in.Body.Email)
	if !readableEmail(email) {
		return nil, problem(http.StatusUnprocessableEntity, "invalid_email", "the email address cannot be read")
	}
	if err := a.gives(in.Body.Role); err != nil {
		return nil, err
	}
	members, err := s.team(a).Members(ctx)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(members, func(m record.MemberUser) bool { return m.Email == email }) {
		return nil, problem(http.StatusConflict, "member", "the person is in the team already; change the role instead")
	}
	link, err := s.personLink(ctx, purposeInvite, a.Team, "", invitation{email, in.Body.Role}, inviteAge)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, a, "user.invite", email, string(in.Body.Role))
	return &body[invited]{invited{link, s.Now().Add(inviteAge)}}, nil
}

// UserPath is the part of a path that names a person.
type UserPath struct {
	User string `path:"user"`
}

// member finds a person of the team.
func (s *Server) member(ctx context.Context, a *Actor, id string) (*record.MemberUser, error) {
	all, err := s.team(a).Members(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if m.ID == id {
			return &m, nil
		}
	}
	return nil, record.ErrNotFound
}

type editUser struct {
	UserPath
	Body struct {
		Role record.Role `json:"role" enum:"owner,developer,operator,viewer"`
	}
}

func (s *Server) editUser(ctx context.Context, a *Actor, in *editUser) (*body[userView], error) {
	m, err := s.member(ctx, a, in.User)
	if err != nil {
		return nil, err
	}
	if err := a.gives(in.Body.Role); err != nil {
		return nil, err
	}
	if err := s.records.PutMember(ctx, record.Member{Team: a.Team, User: m.ID, Role: in.Body.Role}); err != nil {
		return nil, lastOwner(err)
	}
	s.audit(ctx, a, "user.role", m.ID, string(in.Body.Role))
	return &body[userView]{userView{m.ID, m.Email, m.Name, in.Body.Role, m.Disabled, m.Created}}, nil
}

func lastOwner(err error) error {
	if errors.Is(err, record.ErrConflict) {
		return problem(http.StatusConflict, "last_owner", "a team has at least one owner")
	}
	return err
}

// resetUser makes a link with which a person chooses a new password. A person of several
// teams belongs to none of them alone: only they themselves may change it.
func (s *Server) resetUser(ctx context.Context, a *Actor, in *UserPath) (*body[invited], error) {
	m, err := s.member(ctx, a, in.User)
	if err != nil {
		return nil, err
	}
	if err := a.gives(m.Role); err != nil {
		return nil, err
	}
	teams, err := s.records.Memberships(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	if len(teams) > 1 {
		return nil, problem(http.StatusConflict, "in_other_teams", "the person is in other teams, too")
	}
	link, err := s.personLink(ctx, purposeReset, a.Team, m.ID, invitation{Email: m.Email, Role: m.Role}, firstAge)
	if err != nil {
		return nil, err
	}
	s.audit(ctx, a, "user.reset", m.ID, "")
	return &body[invited]{invited{link, s.Now().Add(firstAge)}}, nil
}

func (s *Server) removeUser(ctx context.Context, a *Actor, in *UserPath) (*none, error) {
	if _, err := s.member(ctx, a, in.User); err != nil {
		return nil, err
	}
	if err := s.records.RemoveMember(ctx, a.Team, in.User); err != nil {
		return nil, lastOwner(err)
	}
	s.audit(ctx, a, "user.remove", in.User, "")
	return nil, nil
}
