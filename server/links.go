package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/record"
)

const (
	purposeFirst  = "first"  // make the first owner
	purposeInvite = "invite" // join a team
	purposeReset  = "reset"  // choose a new password
	firstAge      = time.Hour
	inviteAge     = 7 * 24 * time.Hour
)

// invitation is what a link of a person holds.
type invitation struct {
	Email string      `json:"email"`
	Role  record.Role `json:"role"`
}

// FirstLink returns the address under which the first owner is made, once, or "" when
// there are users already. It works for an hour.
func (s *Server) FirstLink(ctx context.Context) (string, error) {
	n, err := s.records.CountUsers(ctx)
	if err != nil || n > 0 {
		return "", err
	}
	return s.personLink(ctx, purposeFirst, 1, "", invitation{Role: record.Owner}, firstAge)
}

func (s *Server) personLink(ctx context.Context, purpose string, team int64, user string, what invitation, age time.Duration) (string, error) {
	details, err := json.Marshal(what)
	if err != nil {
		return "", err
	}
	secret := connect.NewSecret()
	err = s.records.InsertLink(ctx, &record.Link{Hash: connect.Hash(secret), Purpose: purpose, Team: team, User: user, Details: details, Created: s.Now(), Expires: s.Now().Add(age)})
	return s.PublicURL.JoinPath("sign-in", secret).String(), err
}

// LinkPath is the part of a path that holds the secret of a link.
type LinkPath struct {
	Link string `path:"link"`
}

type linkView struct {
	Purpose string `json:"purpose" enum:"first,invite,reset"`
	Email   string `json:"email,omitempty"`
	Team    string `json:"team"`
}

func (s *Server) getLink(ctx context.Context, _ *Actor, in *LinkPath) (*body[linkView], error) {
	link, what, err := s.lookAtLink(ctx, in.Link)
	if err != nil {
		return nil, err
	}
	t, err := s.records.Team(ctx, link.Team)
	if err != nil {
		return nil, err
	}
	return &body[linkView]{linkView{link.Purpose, what.Email, t.Name}}, nil
}

func (s *Server) lookAtLink(ctx context.Context, secret string) (*record.Link, *invitation, error) {
	link, err := s.records.Link(ctx, connect.Hash(secret))
	if err == nil && link.Purpose != purposeFirst && link.Purpose != purposeInvite && link.Purpose != purposeReset {
		err = record.ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	what := &invitation{}
	return link, what, json.Unmarshal(link.Details, what)
}

type useLink struct {
	LinkPath
	Body struct {
		Email    string `json:"email,omitempty" maxLength:"320" doc:"Of the first owner"`
		Name     string `json:"name,omitempty" maxLength:"200"`
		Password string `json:"password,omitempty" maxLength:"4000" doc:"A new one; to accept an invitation that of the account, where there is one"`
	}
	Agent string `header:"User-Agent"`
}

func (s *Server) useLink(ctx context.Context, _ *Actor, in *useLink) (*signedIn, error) {
	return s.join(ctx, &joining{in.Link, in.Body.Email, in.Body.Name, in.Body.Password, in.Agent})
}

// joining is what somebody brings along who opens a link.
type joining struct{ secret, email, name, password, agent string }

// join does what a link is for, and signs in. The link is taken last, so that a weak password
// does not use it up; of two who come at once one is in.
func (s *Server) join(ctx context.Context, j *joining) (*signedIn, error) {
	link, what, err := s.lookAtLink(ctx, j.secret)
	if err != nil {
		return nil, err
	}
	if link.Purpose != purposeFirst {
		j.email = what.Email
	}
	j.email = normalEmail(j.email)
	var user *record.User
	switch link.Purpose {
	case purposeFirst:
		user, err = s.firstOwner(ctx, link, j)
	case purposeReset:
		user, err = s.newPassword(ctx, link, j)
	default:
		user, err = s.accept(ctx, link, what.Role, j)
	}
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, user, link.Team, j.agent)
}

func (s *Server) firstOwner(ctx context.Context, link *record.Link, j *joining) (*record.User, error) {
	if err := checkPassword(j.password); err != nil {
		return nil, err
	}
	if n, err := s.records.CountUsers(ctx); err != nil {
		return nil, err
	} else if n > 0 {
		return nil, record.ErrUsed
	}
	return s.newUser(ctx, link, record.Owner, j)
}

// newUser makes a user, with a link.
func (s *Server) newUser(ctx context.Context, link *record.Link, role record.Role, j *joining) (*record.User, error) {
	if !readableEmail(j.email) {
		return nil, problem(http.StatusUnprocessableEntity, "invalid_email", "the email address cannot be read")
	}
	hash := s.hashing.hash(j.password)
	if _, err := s.records.UseLink(ctx, connect.Hash(j.secret)); err != nil {
		return nil, err
	}
	user := &record.User{ID: record.NewID("usr", s.Now()), Email: j.email, Name: j.name, Password: hash, Created: s.Now()}
	if err := s.records.InsertUser(ctx, user, record.Member{Team: link.Team, Role: role}); err != nil {
		return nil, err
	}
	s.audit(ctx, joined(ctx, user, link), "user.join", user.ID, string(role))
	return user, nil
}

// joined is somebody who comes with a link, as the audit log names them.
func joined(ctx context.Context, user *record.User, link *record.Link) *Actor {
	return &Actor{ID: user.ID, Team: link.Team, Address: addressFrom(ctx)}
}

// newPassword gives a user a new password. The link is an owner's, who could use it as well:
// so it counts while the user is in that team and in no other (see resetUser).
func (s *Server) newPassword(ctx context.Context, link *record.Link, j *joining) (*record.User, error) {
	if err := checkPassword(j.password); err != nil {
		return nil, err
	}
	members, err := s.records.Memberships(ctx, link.User)
	if err != nil {
		return nil, err
	}
	if len(members) != 1 || members[0].Team != link.Team {
		return nil, record.ErrUsed
	}
	hash := s.hashing.hash(j.password)
	if _, err := s.records.UseLink(ctx, connect.Hash(j.secret)); err != nil {
		return nil, err
	}
	user, err := s.records.User(ctx, link.User)
	if err != nil {
		return nil, err
	}
	user.Password = hash
	if err := s.records.UpdateUser(ctx, user); err != nil {
		return nil, err
	}
	s.audit(ctx, joined(ctx, user, link), "user.password", user.ID, "")
	return user, s.records.EndSessions(ctx, user.ID, "")
}

// accept lets somebody into a team. An address says nothing about who opens the link: whoever
// has an account proves that it is theirs, by a session or by its password. Whether there is
// an account is told to nobody else: up to here all is the same for both, and takes as long.
func (s *Server) accept(ctx context.Context, link *record.Link, role record.Role, j *joining) (*record.User, error) {
	user, err := s.records.UserWithEmail(ctx, j.email)
	if err != nil && !errors.Is(err, record.ErrNotFound) {
		return nil, err
	}
	if user == nil || !actorFrom(ctx).is(user) {
		if err := s.proven(ctx, user, j); err != nil {
			return nil, err
		}
	}
	if user == nil {
		return s.newUser(ctx, link, role, j)
	}
	if _, err := s.records.UseLink(ctx, connect.Hash(j.secret)); err != nil {
		return nil, err
	}
	members, err := s.records.Memberships(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if m.Team == link.Team {
			return user, nil // the role that they have now counts, and not that of the link
		}
	}
	if err := s.records.PutMember(ctx, record.Member{Team: link.Team, User: user.ID, Role: role}); err != nil {
		return nil, err
	}
	s.audit(ctx, joined(ctx, user, link), "user.join", user.ID, string(role))
	return user, nil
}

// proven refuses a password that is not that of an account; where there is none any good one
// will do.
func (s *Server) proven(ctx context.Context, user *record.User, j *joining) error {
	if err := checkPassword(j.password); err != nil {
		return err
	}
	account, address := "account "+j.email, "address "+network(addressFrom(ctx))
	if err := s.attempts.begin(s.Now(), account, address); err != nil {
		return err
	}
	if user != nil && !s.hashing.known(user, j.password) {
		refused := problem(http.StatusForbidden, "wrong_password", "there is an account with this address, and its password is another one")
		refused.Hint = "give the password of the account, or sign in first and open the link again"
		return refused
	}
	s.attempts.succeeded(account, address)
	return nil
}
