package machines

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/state-machines.md")

// page is where the machines are shown to people.
const page = "../../docs/state-machines.md"

// TestPage holds docs/state-machines.md to what the code does.
func TestPage(t *testing.T) {
	want := render(rounds.explore(t), assessments(t).explore(t), appeals().explore(t))
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/state-machines.md differs from the code; go test ./domain/machines -run TestPage -update rewrites it")
	}
}

const preamble = `# 状态机 · State machines

本页由 ` + "`domain/machines`" + ` 的测试据代码生成：从空白状态出发，对能够到达的每一个状态逐一尝试每一条命令，图与表即其结果；代码与本页不一致时测试不通过。
命令均由有权者发出、内容均合规，因此表中的“不可”全部出于状态本身。谁可以发出哪条命令，见 [permissions.md](permissions.md)。

This page is made by the tests in ` + "`domain/machines`" + `: from the state without events, each command is tried in each state that commands
lead to, and the diagrams and tables are what came of it; the test fails when they differ. Each command is given by
somebody who may, and what it says is valid, so a refusal here is the state's. Who may give which command is in
[permissions.md](permissions.md).

- **→ 状态**：可以，并进入该状态。Allowed, and leads to that status.
- **✓**：可以，状态不变。Allowed, and the status stays.
- **○**：可以，但已无事可做，不产生事件。Allowed, and there is nothing to do: no event.
- **✗ 缘由**：不可，见文末 [缘由](#缘由--refusals)。同一格中并列的，取决于状态名以外的情形（如是否已有记录）。
  Refused, for the reason given [below](#缘由--refusals). What stands together in a cell depends on more than the
  status, such as whether there is an entry.

图中只画改变状态的命令，写作：中文 · English · 命令 / 事件。
The diagrams show the commands that change the status, as: Chinese · English · command / event.
`

func render(drawings ...*drawing) string {
	var b strings.Builder
	b.WriteString(preamble)
	used := make(map[string]bool)
	for _, d := range drawings {
		fmt.Fprintf(&b, "\n## %s · %s\n\n%s\n\n%s\n", d.name.zh, d.name.en, d.about.zh, d.about.en)
		d.diagram(&b)
		d.table(&b)
		for _, c := range d.cells {
			maps.Copy(used, c.refused)
		}
	}
	b.WriteString("\n## 缘由 · Refusals\n\n| 缘由 | reason |\n|---|---|\n")
	for _, r := range refusals {
		if used[r.zh] {
			fmt.Fprintf(&b, "| %s | %v |\n", r.zh, r.rule)
		}
	}
	return b.String()
}

// diagram has an arrow for each command that leads from one status to another,
// and to the end from those that no command leads out of or does anything in.
func (d *drawing) diagram(b *strings.Builder) {
	b.WriteString("\n```mermaid\nstateDiagram-v2\n")
	node := func(status int) string {
		if status == 0 {
			return "[*]"
		}
		return fmt.Sprintf("s%d", status)
	}
	for i, s := range d.statuses[1:] {
		fmt.Fprintf(b, "    state \"%s · %s\" as %s\n", s.zh, s.en, node(i+1))
	}
	for from, s := range d.statuses {
		ends := true
		for _, c := range d.commands {
			to := d.cells[place{s.id, c.id}].to
			ends = ends && len(to) == 0
			for i, target := range d.statuses {
				if to[target.id] && target.id != s.id {
					fmt.Fprintf(b, "    %s --> %s : %s · %s · %s / %s\n", node(from), node(i), c.zh, c.en, c.id, strings.Join(d.events[c.id], ", "))
				}
			}
		}
		if ends {
			fmt.Fprintf(b, "    %s --> [*]\n", node(from))
		}
	}
	b.WriteString("```\n")
}

// table has what each command comes to in each status.
func (d *drawing) table(b *strings.Builder) {
	b.WriteString("\n| 命令 · command |")
	for _, s := range d.statuses {
		fmt.Fprintf(b, " %s<br>%s |", s.zh, s.en)
	}
	fmt.Fprintf(b, "\n|%s\n", strings.Repeat("---|", len(d.statuses)+1))
	for _, c := range d.commands {
		fmt.Fprintf(b, "| %s<br>`%s`: %s<br>*%s* |", c.zh, c.id, c.en, strings.Join(d.events[c.id], ", "))
		for _, s := range d.statuses {
			fmt.Fprintf(b, " %s |", strings.Join(d.outcomes(s.id, c.id), "<br>"))
		}
		b.WriteByte('\n')
	}
}

// outcomes is what stands in a cell of the table.
func (d *drawing) outcomes(status, command string) (lines []string) {
	c := d.cells[place{status, command}]
	for _, target := range d.statuses {
		switch {
		case c.to[target.id] && target.id == status:
			lines = append(lines, "✓")
		case c.to[target.id]:
			lines = append(lines, "→ "+target.zh)
		}
	}
	if c.nothing {
		lines = append(lines, "○")
	}
	for _, reason := range slices.Sorted(maps.Keys(c.refused)) {
		lines = append(lines, "✗ "+reason)
	}
	return lines
}
