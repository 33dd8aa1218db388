package app

// RPC is a remote procedure: it feeds forms with options, fields and samples.
type RPC struct {
	ID               string
	Label            string
	Connection       string // local id
	AltConnection    string
	AttachedAccounts []string
	Meta             Meta

	API, Parameters *Code
}

func (r *RPC) id() string { return r.ID }

func (r *RPC) section(name string) **Code {
	switch name {
	case "api":
		return &r.API
	case "parameters":
		return &r.Parameters
	}
	return nil
}
