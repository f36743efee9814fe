// Package detectors sets detectors of failures beside each other, on the same news (estimators.go, comparison.go), and measures
// what Φ is worth: of the waits of living members, one in 10^Φ should pass it (recording.go, calibration.go). News comes from
// simulated clusters, or is drawn in the likeness of what Hayashibara measured. [Compare] and [Calibrate] keep what they found in
// files, of which [WriteDocuments] makes docs/measured/detectors.md and docs/measured/phi-*.md.
package detectors
