package access

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/line"
)

// WriteText prints the inspection as tables for people, with labels in English and Chinese, in plain text in which
// columns are aligned where a Chinese character is as wide as two letters. It returns the error of w. Names that cannot be
// printed as they are, are quoted as in Go.
func (in *Inspection) WriteText(w io.Writer) error {
	var b strings.Builder
	bound := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		return t.UTC().Format(time.RFC3339)
	}
	fmt.Fprintf(&b, "Who may see what, schema %d 权限\n", in.Schema)
	for i := range in.Rights {
		b.WriteString("\n")
		in.Rights[i].write(&b)
	}
	fmt.Fprintf(&b, "\nWho did, from %s to %s 访问记录\n\n", bound(in.Since), bound(in.Until))
	if in.Unaudited {
		b.WriteString("nobody knows: there is no log 无审计日志\n")
	} else {
		in.deeds(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Right) write(b *strings.Builder) {
	fmt.Fprintf(b, "Role 角色: %s\n", labelled(r.Role, r.Label))
	fmt.Fprintf(b, "Purpose 目的: %s\n", labelled(r.Purpose.Name, r.Purpose.Label))
	if r.Purpose.Consent == "" {
		fmt.Fprintf(b, "Basis 依据: %s\n", r.Purpose.Basis)
	} else {
		fmt.Fprintf(b, "Consent 授权: %s\n", line.Printable(r.Purpose.Consent))
	}
	find := "-"
	if len(r.Find) > 0 {
		find = line.Printable(strings.Join(r.Find, ", "))
	}
	fmt.Fprintf(b, "Find by 查找: %s\n", find)
	fmt.Fprintf(b, "Export 导出: %s\n", map[bool]string{true: "with approval 需审批", false: "-"}[r.Bulk])
	rows := [][]string{{"FIELD 字段", "SENSITIVITY 敏感级", "SHOWN 展示", "MASK 脱敏"}}
	for _, f := range r.Columns {
		mask := "-"
		if f.Show == Masked {
			mask = f.Mask.String() + " " + f.Mask.Chinese()
		}
		rows = append(rows, []string{labelled(f.Name, f.Label), f.Sensitivity.String(), f.Show.String() + " " + f.Show.Chinese(), mask})
	}
	table(b, rows)
}

// deeds prints who did what.
func (in *Inspection) deeds(b *strings.Builder) {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	minute := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }
	rows := [][]string{{"ACTOR 人员", "ROLE 角色", "PURPOSE 目的", "VIEWS 查看", "FINDS 查找", "EXPORTS 导出", "ROWS 行数", "DENIED 拒绝", "LAST 最近"}}
	reads := [][]string{{"ACTOR 人员", "ROLE 角色", "PURPOSE 目的", "FIELD 字段", "PLAIN 明文", "MASKED 脱敏"}}
	others := [][]string{{"ACTOR 人员", "ROLE 角色", "PURPOSE 目的", "ACTION 操作", "TIMES 次数"}}
	for _, d := range in.Deeds {
		who := []string{line.Printable(d.Actor), line.Printable(d.Role), line.Printable(d.Purpose)}
		rows = append(rows, append(who[:3:3], number(d.Views), number(d.Finds), number(d.Exports), number(d.Rows), number(d.Denied), minute(d.Last)))
		names := slices.AppendSeq(slices.Collect(maps.Keys(d.Plain)), maps.Keys(d.Masked))
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			reads = append(reads, append(who[:3:3], line.Printable(name), number(d.Plain[name]), number(d.Masked[name])))
		}
		for _, action := range slices.Sorted(maps.Keys(d.Others)) {
			others = append(others, append(who[:3:3], line.Printable(action), number(d.Others[action])))
		}
	}
	table(b, rows)
	for _, more := range [][][]string{reads, others} {
		if len(more) > 1 {
			b.WriteString("\n")
			table(b, more)
		}
	}
	if len(in.Exports) == 0 {
		return
	}
	b.WriteString("\n")
	rows = [][]string{{"EXPORT 导出", "TIME 时间", "ACTOR 人员", "PURPOSE 目的", "SCOPE 范围", "COLUMNS 字段", "APPROVER 审批人", "STATE 状态", "ROWS 行数"}}
	for _, x := range in.Exports {
		approver := "-"
		if x.Approver != "" {
			approver = line.Printable(x.Approver) + " (" + line.Printable(x.Approval) + ")"
		}
		columns := append([]string{}, x.Plain...)
		for _, name := range x.Masked {
			columns = append(columns, name+":masked")
		}
		rows = append(rows, []string{
			line.Printable(x.ID), minute(x.At), line.Printable(x.Actor), line.Printable(x.Purpose), line.Printable(x.Scope),
			line.Printable(strings.Join(columns, ", ")), approver, x.State.String() + " " + x.State.Chinese(), number(x.Rows),
		})
	}
	table(b, rows)
}

// labelled returns a name with its label.
func labelled(name string, label customer.Text) string {
	text := line.Printable(name)
	var labels []string
	for _, l := range []string{label.EN, label.ZH} {
		if l != "" {
			labels = append(labels, line.Printable(l))
		}
	}
	if len(labels) > 0 {
		text += " (" + strings.Join(labels, ", ") + ")"
	}
	return text
}

// table prints rows with aligned columns.
func table(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], line.Width(cell))
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-line.Width(cell)+2))
			}
		}
		b.WriteString("\n")
	}
}
