// Package domain holds the rules of an evaluation: points, the standard, the
// fold from findings to scores, and rankings. It is pure Go on the standard
// library: no clock, no I/O, no storage. Time, ids and the acting person are
// arguments.
package domain

import (
	"errors"
	"fmt"
	"strconv"
)

// Points is an exact number of points in hundredths: Points(350) is 3.50.
// It is never a float, so that sums are the same on every machine.
type Points int64

// Whole makes Points of a whole number of points.
func Whole(n int64) Points { return Points(n * 100) }

// maxPoints bounds what is read, far above any standard's total and far below
// overflow when many are added.
const maxPoints = Points(1_000_000_000)

// ErrPoints is wrapped by every error of ParsePoints.
var ErrPoints = errors.New("not a number of points with at most two decimals")

// ParsePoints reads a decimal with at most two decimals, such as "3", "-0.5"
// or "12.25". Exponents, NaN, a third decimal (also a zero), a bare point and
// amounts over ten million points are refused with ErrPoints.
func ParsePoints(text string) (Points, error) {
	digits, negative := text, false
	if digits != "" && digits[0] == '-' {
		digits, negative = digits[1:], true
	}
	var value Points
	whole, decimals, seenPoint := 0, 0, false
	for i := range len(digits) {
		c := digits[i]
		switch {
		case c == '.' && !seenPoint && whole > 0:
			seenPoint = true
			continue
		case c < '0' || c > '9':
			return 0, fmt.Errorf("%.40q: %w", text, ErrPoints)
		case seenPoint:
			decimals++
		default:
			whole++
		}
		value = value*10 + Points(c-'0')
		if decimals > 2 || value > maxPoints {
			return 0, fmt.Errorf("%.40q: %w", text, ErrPoints)
		}
	}
	if whole == 0 || (seenPoint && decimals == 0) {
		return 0, fmt.Errorf("%.40q: %w", text, ErrPoints)
	}
	for ; decimals < 2; decimals++ {
		value *= 10
	}
	if value > maxPoints {
		return 0, fmt.Errorf("%.40q: %w", text, ErrPoints)
	}
	if negative {
		value = -value
	}
	return value, nil
}

// String shows two decimals, always: "3.50".
func (p Points) String() string {
	sign, abs := "", p
	if p < 0 {
		sign, abs = "-", -p
	}
	return fmt.Sprintf("%s%d.%02d", sign, abs/100, abs%100)
}

// MarshalJSON writes the shortest decimal number (3, 3.5, 12.25), which is
// also what canonical JSON (RFC 8785) would make of it.
func (p Points) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 8)
	abs := p
	if p < 0 {
		out, abs = append(out, '-'), -p
	}
	out = strconv.AppendInt(out, int64(abs/100), 10)
	switch cents := abs % 100; {
	case cents == 0:
	case cents%10 == 0:
		out = append(out, '.', byte('0'+cents/10))
	default:
		out = append(out, '.', byte('0'+cents/10), byte('0'+cents%10))
	}
	return out, nil
}

// UnmarshalJSON reads a JSON number by its text, never through a float.
func (p *Points) UnmarshalJSON(text []byte) error {
	parsed, err := ParsePoints(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}
