package gossip

// The wire form of evidence.

type wireEvidence struct {
	Header wireHeader
	Doubts []wireDoubt
	Signs  []Sign
}

type wireDoubt struct {
	Name        string
	Incarnation uint64
	Opinions    []Opinion
}

func evidenceToWire(h wireHeader, m *Evidence) *wireEvidence {
	w := &wireEvidence{Header: h, Signs: m.Signs}
	for _, d := range m.Doubts {
		w.Doubts = append(w.Doubts, wireDoubt(d))
	}
	return w
}

func (w *wireEvidence) message() (Message, error) {
	v := &Evidence{Header: w.Header.header(), Signs: w.Signs}
	for _, d := range w.Doubts {
		v.Doubts = append(v.Doubts, Doubt(d))
	}
	return v, nil
}
