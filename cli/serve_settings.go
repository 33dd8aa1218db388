package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// Where a setting was said, from the strongest to the weakest.
const (
	fromFlag        = "flag"
	fromEnvironment = "environment"
	fromFile        = "file"
	fromDefault     = "default"
)

// ofCommand are flags that are no settings.
var ofCommand = []string{"config", "print-config", "to", "json", "trace", "help"}

// readSettings sets every flag that was not given to what environment or file say, and
// returns where each setting was said. A setting that cannot be is named in the error.
func (o *serveOptions) readSettings(flags *pflag.FlagSet) (map[string]string, error) {
	file, err := o.settingsFile()
	if err != nil {
		return nil, err
	}
	origins := map[string]string{}
	flags.VisitAll(func(f *pflag.Flag) {
		if slices.Contains(ofCommand, f.Name) || err != nil {
			return
		}
		text, inFile := file[f.Name]
		delete(file, f.Name)
		variable := variableOf(f.Name)
		switch value := o.env(variable); {
		case f.Changed:
			origins[f.Name] = fromFlag
		case value != "":
			origins[f.Name] = fromEnvironment
			err = set(flags, f.Name, value, variable)
		case inFile:
			origins[f.Name] = fromFile
			err = set(flags, f.Name, text, o.config)
		case o.env(standardVariables[f.Name]) != "":
			origins[f.Name] = fromEnvironment
			err = set(flags, f.Name, o.env(standardVariables[f.Name]), standardVariables[f.Name])
		default:
			origins[f.Name] = fromDefault
		}
	})
	if err != nil {
		return nil, err
	}
	if unknown := slices.Sorted(maps.Keys(file)); len(unknown) > 0 {
		return nil, usagef("cleat help serve lists them", "%s: there is no setting %q", o.config, unknown[0])
	}
	return origins, nil
}

// variableOf is the name of a setting in the environment.
func variableOf(name string) string {
	return "CLEAT_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
}

func set(flags *pflag.FlagSet, name, value, where string) error {
	if err := flags.Set(name, value); err != nil {
		return usagef("cleat help serve says what it may be", "%s: %s cannot be %q", where, name, value)
	}
	return nil
}

// settingsFile reads the file of settings as names and texts. Groups may be written as
// objects, or with dots.
func (o *serveOptions) settingsFile() (map[string]string, error) {
	path := o.config
	if path == "" {
		home, err := o.home()
		if err != nil {
			return nil, err
		}
		path = filepath.Join(home, "cleat.yaml")
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && o.config == "" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	o.config = path
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, usagef("", "%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	all := map[string]string{}
	return all, flatten(all, "", tree)
}

func flatten(into map[string]string, prefix string, tree map[string]any) error {
	for name, v := range tree {
		name = string(settingName(nil, prefix+name))
		switch v := v.(type) {
		case map[string]any:
			if err := flatten(into, name+".", v); err != nil {
				return err
			}
		case []any:
			texts := make([]string, len(v))
			for i, item := range v {
				texts[i] = fmt.Sprint(item)
			}
			into[name] = strings.Join(texts, ",")
		case nil:
		default:
			into[name] = fmt.Sprint(v)
		}
	}
	return nil
}

const hidden = "xxxxx" // as url.URL.Redacted writes it

// printSettings shows what holds. Passwords in addresses are masked.
func (o *serveOptions) printSettings(flags *pflag.FlagSet, origins map[string]string) error {
	type shown struct {
		Value string `json:"value"`
		From  string `json:"from"`
	}
	all := map[string]shown{}
	rows := [][]string{{"SETTING", "VALUE", "FROM"}}
	flags.VisitAll(func(f *pflag.Flag) {
		from, ok := origins[f.Name]
		if !ok {
			return
		}
		value := f.Value.String()
		switch f.Name {
		case traceHeaders:
			if value != "" {
				value = hidden
			}
		case "database", "nats", "otel.endpoint":
			parts := strings.Split(value, ",")
			for i, part := range parts {
				if strings.Contains(part, "://") {
					parts[i] = masked(part)
				}
			}
			value = strings.Join(parts, ",")
		}
		all[f.Name] = shown{value, from}
		rows = append(rows, []string{f.Name, value, from})
	})
	if o.env(secretVariable) != "" {
		all["oidc.client-secret"] = shown{hidden, fromEnvironment}
		rows = append(rows, []string{"oidc.client-secret", hidden, fromEnvironment})
	}
	if o.json {
		return writeJSON(o.std.Out, all)
	}
	_, err := fmt.Fprint(o.std.Out, printable(table(rows)))
	return err
}
