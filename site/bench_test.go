package site

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// BenchmarkBuild215 builds Shanghai's 215 centers. "read" is the source alone,
// "floor" writes and syncs the same bytes without making them.
func BenchmarkBuild215(b *testing.B) {
	f := newFixture(b, fixtureOptions{roster: rosterOf(b, 0), demo: true})
	dir := b.TempDir()
	first := build(b, dir, f)
	files := contents(b, first.Dir)
	rate := func(b *testing.B) {
		b.ReportMetric(float64(first.Pages*b.N)/b.Elapsed().Seconds(), "pages/s")
	}
	b.Run("build", func(b *testing.B) {
		root := b.TempDir()
		for i := range b.N {
			build(b, filepath.Join(root, strconv.Itoa(i)), f)
		}
		rate(b)
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			build(b, dir, f)
		}
		rate(b)
	})
	b.Run("read", func(b *testing.B) {
		s := newSite(b, b.TempDir(), f)
		for b.Loop() {
			book, err := s.read(b.Context(), "2022", 1)
			if err != nil {
				b.Fatal(err)
			}
			for i := range book.rows {
				if _, err := s.readRecord(b.Context(), book, book.rows[i].Code); err != nil {
					b.Fatal(err)
				}
			}
		}
		rate(b)
	})
	b.Run("floor", func(b *testing.B) {
		root := b.TempDir()
		for i := range b.N {
			t := newTree(filepath.Join(root, strconv.Itoa(i)), false, func(string, string) error { return nil })
			if err := os.Mkdir(t.dir, 0o755); err != nil {
				b.Fatal(err)
			}
			for name, text := range files {
				if err := t.put(name, []byte(text)); err != nil {
					b.Fatal(err)
				}
			}
			if err := t.finish(); err != nil {
				b.Fatal(err)
			}
		}
		rate(b)
	})
}
