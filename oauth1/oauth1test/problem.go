package oauth1test

import (
	"errors"
	"fmt"
	"net/http"
)

// Problem is a refusal as the Problem Reporting extension has it.
type Problem struct {
	Status  int
	Problem string
	Advice  string
	more    [][2]string // further parameters of the report
}

// Error returns status, problem and advice.
func (p *Problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Problem, p.Advice) }

// refuse makes a Problem; more are names and values of further parameters.
func refuse(status int, problem, advice string, more ...string) error {
	p := &Problem{Status: status, Problem: problem, Advice: advice}
	for i := 0; i+1 < len(more); i += 2 {
		p.more = append(p.more, [2]string{more[i], more[i+1]})
	}
	return p
}

// writeProblem answers with a report, or as the quirks want it.
func (p *Provider) writeProblem(w http.ResponseWriter, err error) {
	var problem *Problem
	if !errors.As(err, &problem) {
		problem = &Problem{Status: http.StatusInternalServerError, Problem: "internal_error"}
	}
	if p.options.Quirks.NoProblems {
		http.Error(w, "Unauthorized", problem.Status)
		return
	}
	report := append([][2]string{{"oauth_problem", problem.Problem}}, problem.more...)
	if problem.Advice != "" {
		report = append(report, [2]string{"oauth_problem_advice", problem.Advice})
	}
	challenge := fmt.Sprintf(`OAuth realm="%s"`, escape(p.options.Realm))
	for _, pair := range report {
		challenge += fmt.Sprintf(`, %s="%s"`, pair[0], escape(pair[1]))
	}
	body := form(report)
	if p.options.Quirks.ProblemInHeaderOnly {
		w.Header().Set("WWW-Authenticate", challenge)
		body = "refused"
	}
	w.Header().Set("Content-Type", p.label())
	w.WriteHeader(problem.Status)
	fmt.Fprint(w, body)
}

// label is the Content-Type of answers.
func (p *Provider) label() string {
	if p.options.Quirks.ContentType != "" {
		return p.options.Quirks.ContentType
	}
	return "application/x-www-form-urlencoded"
}

// form encodes an answer.
func form(list [][2]string) string {
	s := ""
	for i, pair := range list {
		if i > 0 {
			s += "&"
		}
		s += escape(pair[0]) + "=" + escape(pair[1])
	}
	return s
}
