package document

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// Chart is one panel of a plot. Both axes are logarithmic.
type Chart struct {
	Title, X, Y      string // captions
	XTicks, YTicks   []float64
	XLabels, YLabels []string // of the ticks
	Width            int
	Zero             bool // the value 0 has a place of its own, below the least tick of y
	Lines            []Line
}

// Line is a series of points, from left to right.
type Line struct {
	Name        string
	Colour      string
	Dashed      bool
	LabelsBelow bool // to the left, where else they are above, to the right
	Points      []Dot
}

type Dot struct {
	X, Y  float64
	Label string // beside the point
	Bold  bool
}

// Colours that people with any sight tell apart [Okabe & Ito 2008].
const (
	Blue   = "#0072b2"
	Red    = "#d55e00"
	Orange = "#e69f00"
)

// Sizes in pixels.
const (
	panelHeight                        = 430
	marginLeft, marginRight            = 70, 30
	marginTop, marginBottom, legendRow = 40, 50, 20
)

// Plot returns an SVG file of panels side by side, with one legend for them all below.
func Plot(panels ...Chart) string {
	var b strings.Builder
	legend := slices.DeleteFunc(slices.Clone(panels[0].Lines), func(l Line) bool { return len(l.Points) == 0 })
	width, height := 0, panelHeight+legendRow*((len(legend)+1)/2)+10
	for _, c := range panels {
		width += c.Width
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" `+
		`font-family="sans-serif" font-size="12" fill="#222">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	x := 0
	for _, c := range panels {
		fmt.Fprintf(&b, `<g transform="translate(%d 0)">`+"\n", x)
		c.draw(&b)
		b.WriteString("</g>\n")
		x += c.Width
	}
	for i, l := range legend {
		x, y := marginLeft+i%2*(width-marginLeft)/2, panelHeight+legendRow*(i/2)+10
		fmt.Fprintf(&b, `<path d="M%d %dh34"%s/>`+"\n", x, y, l.stroke())
		text(&b, float64(x+42), float64(y+4), "start", l.Name, "")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (l Line) stroke() string {
	dash := ""
	if l.Dashed {
		dash = ` stroke-dasharray="6 4"`
	}
	return fmt.Sprintf(` fill="none" stroke="%s" stroke-width="2"%s`, l.Colour, dash)
}

func text(b *strings.Builder, x, y float64, anchor, s, attributes string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>`+"\n", x, y, anchor, attributes, html.EscapeString(s))
}

// zeroBand is the share of the height that the value 0 takes.
const zeroBand = 0.12

func (c Chart) x(v float64) float64 {
	low, high := c.XTicks[0], c.XTicks[len(c.XTicks)-1]
	return marginLeft + math.Log(v/low)/math.Log(high/low)*float64(c.Width-marginLeft-marginRight)
}

func (c Chart) y(v float64) float64 {
	bottom, top := float64(panelHeight-marginBottom), float64(marginTop)
	low, high := c.YTicks[0], c.YTicks[len(c.YTicks)-1]
	if c.Zero {
		if v <= 0 {
			return bottom
		}
		bottom -= zeroBand * (bottom - top)
	}
	return bottom - math.Log(v/low)/math.Log(high/low)*(bottom-top)
}

func (c Chart) draw(b *strings.Builder) {
	right, bottom := float64(c.Width-marginRight), float64(panelHeight-marginBottom)
	text(b, (marginLeft+right)/2, 22, "middle", c.Title, ` font-weight="bold"`)
	grid := func(d, label string, x, y float64, anchor string) {
		fmt.Fprintf(b, `<path d="%s" stroke="#ddd" fill="none"/>`+"\n", d)
		text(b, x, y, anchor, label, ` fill="#555"`)
	}
	for i, v := range c.XTicks {
		grid(fmt.Sprintf("M%.1f %dV%.1f", c.x(v), marginTop, bottom), c.XLabels[i], c.x(v), bottom+17, "middle")
	}
	for i, v := range c.YTicks {
		grid(fmt.Sprintf("M%d %.1fH%.1f", marginLeft, c.y(v), right), c.YLabels[i], marginLeft-8, c.y(v)+4, "end")
	}
	if c.Zero {
		grid(fmt.Sprintf("M%d %.1fH%.1f", marginLeft, bottom, right), "0", marginLeft-8, bottom+4, "end")
	}
	text(b, (marginLeft+right)/2, bottom+38, "middle", c.X, "")
	text(b, 0, 0, "middle", c.Y, fmt.Sprintf(` transform="translate(16 %.1f) rotate(-90)"`, (marginTop+bottom)/2))
	for _, l := range c.Lines {
		c.drawLine(b, l)
	}
}

func (c Chart) drawLine(b *strings.Builder, l Line) {
	if len(l.Points) == 0 {
		return
	}
	var path []string
	for _, p := range l.Points {
		path = append(path, fmt.Sprintf("%.1f %.1f", c.x(p.X), c.y(p.Y)))
	}
	fmt.Fprintf(b, `<path d="M%s"%s/>`+"\n", strings.Join(path, "L"), l.stroke())
	for _, p := range l.Points {
		radius := 3.5
		if p.Bold {
			radius = 6.5
		}
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"/>`+"\n", c.x(p.X), c.y(p.Y), radius, l.Colour)
		style := fmt.Sprintf(` fill="%s" font-size="11"`, l.Colour)
		switch {
		case p.Label == "":
		case l.LabelsBelow:
			text(b, c.x(p.X)-9, c.y(p.Y)+14, "end", p.Label, style)
		default:
			text(b, c.x(p.X)+9, c.y(p.Y)-6, "start", p.Label, style)
		}
	}
}

// Decades returns 1, 10, 100 … times low until high is covered, and the labels of them.
func Decades(low, high float64, label func(float64) string) (ticks []float64, labels []string) {
	for v := low; ; v *= 10 {
		ticks, labels = append(ticks, v), append(labels, label(v))
		if v >= high {
			return ticks, labels
		}
	}
}

// TicksOver returns ticks at 1, 2 and 5 times the powers of ten around all the points.
func TicksOver(lines []Line, of func(Dot) float64) (ticks []float64, labels []string) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		for _, p := range l.Points {
			low, high = min(low, of(p)), max(high, of(p))
		}
	}
	if math.IsInf(low, 1) {
		low, high = 1, 10
	}
	for v := math.Pow(10, math.Floor(math.Log10(low))); ; v *= 10 {
		for _, k := range []float64{1, 2, 5} {
			if 2.5*k*v < low && k*v*2 < low {
				continue
			}
			if len(ticks) == 0 && k*v > low {
				ticks, labels = append(ticks, k*v/2), append(labels, TickLabel(k*v/2))
			}
			ticks, labels = append(ticks, k*v), append(labels, TickLabel(k*v))
			if k*v >= high {
				return ticks, labels
			}
		}
	}
}

func TickLabel(v float64) string {
	if v >= 1000 {
		return Whole(v)
	}
	return fmt.Sprintf("%g", v)
}
