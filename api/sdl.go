package api

import (
	"maps"
	"slices"
	"strings"

	"github.com/graphql-go/graphql"
)

// printSchema prints a schema as SDL, sorted by name: graphql-go keeps fields
// in maps and knows no order.
func printSchema(schema *graphql.Schema) string {
	var out strings.Builder
	builtIn := map[string]bool{"String": true, "Int": true, "Float": true, "Boolean": true, "ID": true}
	all := schema.TypeMap()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if builtIn[name] || strings.HasPrefix(name, "__") {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		describe(&out, "", all[name].Description())
		switch t := all[name].(type) {
		case *graphql.Scalar:
			out.WriteString("scalar " + name + "\n")
		case *graphql.Enum:
			out.WriteString("enum " + name + " {\n")
			for _, v := range slices.SortedFunc(slices.Values(t.Values()), func(a, b *graphql.EnumValueDefinition) int { return strings.Compare(a.Name, b.Name) }) {
				out.WriteString("  " + v.Name + "\n")
			}
			out.WriteString("}\n")
		case *graphql.InputObject:
			out.WriteString("input " + name + " {\n")
			fields := t.Fields()
			for _, f := range slices.Sorted(maps.Keys(fields)) {
				describe(&out, "  ", fields[f].Description())
				out.WriteString("  " + f + ": " + fields[f].Type.String() + "\n")
			}
			out.WriteString("}\n")
		case *graphql.Object:
			out.WriteString("type " + name + " {\n")
			fields := t.Fields()
			for _, f := range slices.Sorted(maps.Keys(fields)) {
				printField(&out, fields[f])
			}
			out.WriteString("}\n")
		}
	}
	return out.String()
}

func printField(out *strings.Builder, f *graphql.FieldDefinition) {
	describe(out, "  ", f.Description)
	out.WriteString("  " + f.Name)
	args := slices.SortedFunc(slices.Values(f.Args), func(a, b *graphql.Argument) int { return strings.Compare(a.Name(), b.Name()) })
	described := slices.ContainsFunc(args, func(a *graphql.Argument) bool { return a.Description() != "" })
	switch {
	case len(args) == 0:
	case described:
		out.WriteString("(\n")
		for _, a := range args {
			describe(out, "    ", a.Description())
			out.WriteString("    " + a.Name() + ": " + a.Type.String() + "\n")
		}
		out.WriteString("  )")
	default:
		parts := make([]string, len(args))
		for i, a := range args {
			parts[i] = a.Name() + ": " + a.Type.String()
		}
		out.WriteString("(" + strings.Join(parts, ", ") + ")")
	}
	out.WriteString(": " + f.Type.String() + "\n")
}

func describe(out *strings.Builder, indent, text string) {
	if text != "" {
		out.WriteString(indent + `"""` + text + "\"\"\"\n")
	}
}
