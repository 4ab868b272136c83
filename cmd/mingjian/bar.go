package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar shows progress on standard error; where that is not a terminal, nothing.
type bar struct{ inner *progressbar.ProgressBar }

// newBar starts a bar; a total of -1 is not known and only counts.
func newBar(io *stdio, what string, total int64) bar {
	file, ok := io.err.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return bar{}
	}
	return bar{inner: progressbar.NewOptions64(total,
		progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(file), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish(),
		// The library turns its spinner in a goroutine that races with the rest of it.
		progressbar.OptionSetSpinnerChangeInterval(0))}
}

// Progress is decoration: what cannot be drawn is no reason to stop.
func (b bar) set(n int64) {
	if b.inner != nil {
		_ = b.inner.Set64(n)
	}
}

func (b bar) done() {
	if b.inner != nil {
		_ = b.inner.Finish()
	}
}
