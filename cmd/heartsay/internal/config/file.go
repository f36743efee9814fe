package config

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
)

// maxConfigFile is how many bytes a configuration file may have; a hundred keys of a thousand seeds fit many times.
const maxConfigFile = 1 << 20

// setting is what a configuration file says under one key. Its keys are the names of the agent's flags.
type setting struct {
	key    string
	line   int           // where it stands, from 1; of a table, its first entry
	kind   unstable.Kind // of the value; InlineTable for every way to write a table
	text   string        // the value as it is written, without quotes; of a scalar
	values []tomlValue   // the elements of an array, or the entries of a table
}

// tomlValue is an element of an array or an entry of a table.
type tomlValue struct {
	line int
	key  string // in a table
	kind unstable.Kind
	text string
}

// readConfigFile returns the settings in the file at path, in their order. An error that says what is wrong in the file
// names its line and is a usage error.
func readConfigFile(path string) ([]setting, error) {
	f, err := agent.OpenTrusted(path)
	if untrusted := new(agent.UntrustedError); errors.As(err, &untrusted) {
		return nil, cli.UsageError("configuration %v", err)
	}
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfigFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read configuration: %w", err)
	case len(data) > maxConfigFile:
		return nil, cli.UsageError("%s: a configuration has at most %d bytes: is this one?", path, maxConfigFile)
	}
	return parseConfigFile(path, data)
}

// parseConfigFile returns the settings in TOML data; path is its name in errors.
func parseConfigFile(path string, data []byte) ([]setting, error) {
	r := settingsReader{path: path, first: map[string]int{}}
	r.parser.Reset(data)
	for r.parser.NextExpression() {
		r.expression(r.parser.Expression())
	}
	if err := r.parser.Error(); err != nil {
		r.syntax(err)
	} else if len(r.faults) == 0 {
		var whole map[string]any // the parser above leaves some rules of TOML to the decoder
		if err := toml.Unmarshal(data, &whole); err != nil {
			r.syntax(err)
		}
	}
	return r.settings, errors.Join(r.faults...)
}

// settingsReader walks through a TOML document.
type settingsReader struct {
	path     string
	parser   unstable.Parser
	table    []string       // the [table] that the walk is in
	first    map[string]int // line of each key so far
	settings []setting
	faults   []error
}

func (r *settingsReader) fault(line int, format string, args ...any) {
	r.faults = append(r.faults, atLine(line, cli.UsageError("%s:%d: %s", r.path, line, fmt.Sprintf(format, args...))))
}

// syntax notes an error of the TOML library, with the line that it names.
func (r *settingsReader) syntax(err error) {
	var decode *toml.DecodeError
	var parse *unstable.ParserError
	text := strings.TrimPrefix(err.Error(), "toml: ")
	switch {
	case errors.As(err, &decode):
		line, _ := decode.Position()
		r.fault(line, "%s", text)
	case errors.As(err, &parse) && len(parse.Highlight) > 0:
		r.fault(r.line(r.parser.Range(parse.Highlight)), "%s", text)
	default:
		r.faults = append(r.faults, cli.UsageError("%s: %s", r.path, text))
	}
}

func (r *settingsReader) line(at unstable.Range) int { return r.parser.Shape(at).Start.Line }

// expression takes one line of the document, or a value that spans several.
func (r *settingsReader) expression(n *unstable.Node) {
	switch n.Kind {
	case unstable.Table:
		path, line := r.keys(n)
		if r.table = path; len(path) > 1 {
			r.fault(line, "table [%s]: no table is that deep here", strings.Join(path, "."))
		}
	case unstable.ArrayTable:
		path, line := r.keys(n)
		r.table = path
		r.fault(line, "[[%s]]: there are no tables of that kind here", strings.Join(path, "."))
	case unstable.KeyValue:
		path, line := r.keys(n)
		r.value(append(append([]string{}, r.table...), path...), line, n.Value())
	}
}

// keys returns the parts of the key of an expression, and its line.
func (r *settingsReader) keys(n *unstable.Node) (path []string, line int) {
	for it := n.Key(); it.Next(); {
		if key := it.Node(); line == 0 {
			line = r.line(key.Raw)
		}
		path = append(path, string(it.Node().Data))
	}
	return path, line
}

// value takes the value of a key.
func (r *settingsReader) value(path []string, line int, n *unstable.Node) {
	if first, twice := r.first[strings.Join(path, "\x00")]; twice {
		r.fault(line, "%s is given twice, first in line %d", strings.Join(path, "."), first)
		return
	}
	r.first[strings.Join(path, "\x00")] = line
	switch {
	case len(path) > 2:
		r.fault(line, "%s: no table is that deep here", strings.Join(path, "."))
	case len(path) == 2:
		r.entry(path, line, n)
	case n.Kind == unstable.InlineTable:
		r.inlineTable(path[0], line, n)
	default:
		s := setting{key: path[0], line: line, kind: n.Kind, text: string(n.Data)}
		if n.Kind == unstable.Array {
			s.values = r.elements(line, n)
		}
		r.settings = append(r.settings, s)
	}
}

// entry takes one entry of a table, however the table is written.
func (r *settingsReader) entry(path []string, line int, n *unstable.Node) {
	v := tomlValue{line: line, key: path[1], kind: n.Kind, text: string(n.Data)}
	if i := len(r.settings) - 1; i >= 0 && r.settings[i].key == path[0] && r.settings[i].kind == unstable.InlineTable {
		r.settings[i].values = append(r.settings[i].values, v)
		return
	}
	r.settings = append(r.settings, setting{key: path[0], line: line, kind: unstable.InlineTable, values: []tomlValue{v}})
}

func (r *settingsReader) inlineTable(key string, line int, n *unstable.Node) {
	r.settings = append(r.settings, setting{key: key, line: line, kind: unstable.InlineTable})
	for it := n.Children(); it.Next(); {
		path, at := r.keys(it.Node())
		r.value(append([]string{key}, path...), max(at, line), it.Node().Value())
	}
}

func (r *settingsReader) elements(line int, n *unstable.Node) (values []tomlValue) {
	for it := n.Children(); it.Next(); {
		v := it.Node()
		if v.Raw.Length > 0 {
			line = r.line(v.Raw)
		}
		values = append(values, tomlValue{line: line, kind: v.Kind, text: string(v.Data)})
	}
	return values
}

// plainNumber returns a TOML integer in decimal digits, and a float as it is without its underscores.
func plainNumber(kind unstable.Kind, text string) string {
	if kind == unstable.Integer {
		if n, err := strconv.ParseInt(text, 0, 64); err == nil {
			return strconv.FormatInt(n, 10)
		}
	}
	return strings.ReplaceAll(text, "_", "")
}
