package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar shows progress on standard error; where that is not a terminal, nothing.
type bar struct{ inner *progressbar.ProgressBar }

func newBar(io *stdio, what string, total int64) bar {
	file, ok := io.err.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return bar{inner: progressbar.DefaultSilent(total)}
	}
	return bar{inner: progressbar.NewOptions64(total,
		progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(file), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())}
}

// Progress is decoration: what it cannot draw is no reason to stop.
func (b bar) set(n int64) { _ = b.inner.Set64(n) }
func (b bar) done()       { _ = b.inner.Finish() }
