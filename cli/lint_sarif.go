package cli

import (
	"io"

	"github.com/cleat-run/cleat/lint"
	"github.com/cleat-run/cleat/source"
)

// The part of SARIF 2.1.0 (OASIS) that findings need.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Short sarifText `json:"shortDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn"`
	}
)

// writeSARIF writes a log that code scanning services read.
func writeSARIF(out io.Writer, found source.Diagnostics) error {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "cleat", Version: version(), Rules: []sarifRule{}}}, Results: []sarifResult{}}
	for _, r := range lint.Rules() {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{r.Code, sarifText{r.Summary}})
	}
	for _, d := range found {
		run.Results = append(run.Results, resultOf(d))
	}
	return writeJSON(out, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

func resultOf(d source.Diagnostic) sarifResult {
	r := sarifResult{RuleID: d.Code, Message: sarifText{d.Message},
		Level: map[source.Severity]string{source.Error: "error", source.Warning: "warning", source.Info: "note"}[d.Severity]}
	if d.Hint != "" {
		r.Message.Text += " (" + d.Hint + ")"
	}
	at := sarifPhysical{Artifact: sarifArtifact{d.File}}
	if d.Line > 0 {
		at.Region = &sarifRegion{d.Line, d.Column}
	}
	r.Locations = []sarifLocation{{at}}
	return r
}
