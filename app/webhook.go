package app

// Webhook is a type of webhook that the app offers.
type Webhook struct {
	ID               string
	Label            string
	Type             string // web or web-shared
	Connection       string // local id
	AltConnection    string
	AttachedAccounts []string
	Meta             Meta

	API, Parameters        *Code
	Attach, Detach, Update *Code
	Scope                  *Code
}

// Shared reports whether all users share one address, so that the app has to tell for
// whom a request is.
func (w *Webhook) Shared() bool { return w.Type == "web-shared" }

func (w *Webhook) id() string { return w.ID }

func (w *Webhook) section(name string) **Code {
	switch name {
	case "api":
		return &w.API
	case "parameters":
		return &w.Parameters
	case "attach":
		return &w.Attach
	case "detach":
		return &w.Detach
	case "update":
		return &w.Update
	case "scope":
		return &w.Scope
	}
	return nil
}
