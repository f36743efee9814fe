package config

import "runtime/debug"

// BuildVersion returns the version of the module that the program was built from, "(devel)" when that is not known.
func BuildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// shortBuild returns the version that others are told, cut to the 64 bytes that a record has for it.
func shortBuild() string {
	v := BuildVersion()
	return v[:min(len(v), 64)]
}
