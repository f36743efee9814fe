package cli

import (
	"slices"
	"strings"
)

// Flag is declared once. Its environment variable, its key in a configuration file, its line of help and what a shell
// proposes for it follow from that.
type Flag struct {
	Name      string // without dashes
	Short     string // one letter; "": none
	Kind      Kind
	Default   string                 // the value without it, as a line would write it; "": the zero value of its kind
	Otherwise string                 // what holds without it, for people, when Default does not tell
	Usage     string                 // what it does; the word for its value stands in back quotes
	Choices   []string               // its values, when there are no others; case does not matter
	Separator string                 // between the values of a List in the environment; "": a comma
	Complete  func(*Call) []Proposal // what its value could be; nil: nothing but Choices is known
}

// Kind is what values a flag takes.
type Kind int

const (
	KindText     Kind = iota
	KindBool          // the only kind that needs no value on the line
	KindInt           // a whole number
	KindNumber        // a finite one
	KindDuration      // with its unit
	KindList          // texts: the flag may be given more than once
)

// Text returns a flag that takes any text. Without it, otherwise holds, as people are told; "" for nothing.
func Text(name, otherwise, usage string) Flag {
	return Flag{Name: name, Otherwise: otherwise, Usage: usage}
}

// Bool returns a flag that is true when it stands on the line.
func Bool(name, usage string) Flag { return Flag{Name: name, Kind: KindBool, Usage: usage} }

// Int returns a flag that takes a whole number.
func Int(name, otherwise, usage string) Flag {
	return Flag{Name: name, Kind: KindInt, Otherwise: otherwise, Usage: usage}
}

// Number returns a flag that takes a number.
func Number(name, otherwise, usage string) Flag {
	return Flag{Name: name, Kind: KindNumber, Otherwise: otherwise, Usage: usage}
}

// Duration returns a flag that takes a duration with its unit.
func Duration(name, otherwise, usage string) Flag {
	return Flag{Name: name, Kind: KindDuration, Otherwise: otherwise, Usage: usage}
}

// List returns a flag that may be given more than once.
func List(name, usage string) Flag { return Flag{Name: name, Kind: KindList, Usage: usage} }

// Choice returns a flag that takes one of choices, which are added to its usage. Without it, byDefault holds.
func Choice(name, byDefault, usage string, choices ...string) Flag {
	return Flag{Name: name, Default: byDefault, Usage: usage + ": " + strings.Join(choices, ", "), Choices: choices}
}

// ListOf returns a flag that may be given more than once, each time with one of choices, which its usage tells.
func ListOf[T ~string](name, usage string, choices []T) Flag {
	return Flag{Name: name, Kind: KindList, Usage: usage, Choices: Words(choices)}
}

// Words returns states, types of events and the like as plain words.
func Words[T ~string](of []T) []string {
	words := make([]string, len(of))
	for i, w := range of {
		words[i] = string(w)
	}
	return words
}

// OutputFlag returns the flag that chooses one of the formats, of which the first is the default.
func OutputFlag(formats ...string) Flag {
	f := Choice("output", formats[0], "write as `FORMAT`", formats...)
	f.Short = "o"
	return f
}

// Find returns the flag of c that has this name, long or short.
func (c *Command) Find(name string) (Flag, bool) {
	i := slices.IndexFunc(c.Flags, func(f Flag) bool { return f.Name == name || f.Short == name && name != "" })
	if i < 0 {
		return Flag{}, false
	}
	return c.Flags[i], true
}

// choice returns the one of the Choices that v writes, "" when it is none of them.
func (f Flag) choice(v string) string {
	i := slices.IndexFunc(f.Choices, func(known string) bool { return strings.EqualFold(known, v) })
	if i < 0 {
		return ""
	}
	return f.Choices[i]
}

// values returns the values that an environment variable with that content gives.
func (f Flag) values(content string) []string {
	switch {
	case f.Kind != KindList:
		return []string{content}
	case f.Separator != "":
		return strings.Split(content, f.Separator)
	}
	return strings.Split(content, ",")
}

// EnvNames returns the environment variables that set a flag of c, a command of the group top or top itself; the first
// that is set counts. The flags of the agent and those that mean the same everywhere are HEARTSAY_FLAG. The others are
// HEARTSAY_COMMAND_FLAG: the HEARTSAY_NAME that names an agent must not also filter what "members" lists on that host.
func EnvNames(top *Command, f Flag) []string {
	short, long := "HEARTSAY_"+upper(f.Name), "HEARTSAY_"+upper(top.Name)+"_"+upper(f.Name)
	switch {
	case f.Name == "output":
		return []string{long, short}
	case f.Name == "api", f.Name == "token-file", top.AgentEnv:
		return []string{short}
	}
	return []string{long}
}

func upper(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

// dashed returns a flag's name as people write it.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
