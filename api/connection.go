package api

import (
	"fmt"

	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/projections"
)

// maxPage is both the default and the largest page.
const maxPage = 100

// pageOf is the Go side of a Relay connection.
type pageOf[N any] struct {
	edges []*edge[N]
	info  pageInfo
	total int
}

type edge[N any] struct {
	node   N
	cursor string
}

type pageInfo struct {
	hasNext, hasPrevious bool
	start, end           string
}

// newPage wraps a page of the read model; node makes what resolvers get of
// an item. A page that was asked for after a cursor has one before it.
func newPage[T, N any](page projections.Page[T], after string, node func(*T) N) *pageOf[N] {
	out := &pageOf[N]{edges: make([]*edge[N], len(page.Items)), total: page.Total}
	for i := range page.Items {
		out.edges[i] = &edge[N]{node: node(&page.Items[i]), cursor: page.Cursors[i]}
	}
	out.info = pageInfo{hasNext: page.HasNext, hasPrevious: after != ""}
	if n := len(page.Cursors); n > 0 {
		out.info.start, out.info.end = page.Cursors[0], page.Cursors[n-1]
	}
	return out
}

// newPageInfo makes the type that all connections of a schema share.
func newPageInfo() *graphql.Object {
	return object("PageInfo", "Where a page lies in its list.", graphql.Fields{
		"hasNextPage":     field(required(graphql.Boolean), "", func(p *pageInfo) any { return p.hasNext }),
		"hasPreviousPage": field(required(graphql.Boolean), "", func(p *pageInfo) any { return p.hasPrevious }),
		"startCursor":     field(graphql.String, "", func(p *pageInfo) any { return orNull(p.start) }),
		"endCursor":       field(graphql.String, "Pass it as `after` for the next page.", func(p *pageInfo) any { return orNull(p.end) }),
	})
}

// connection makes the Relay connection and edge types of a node type.
func connection[N any](node, info *graphql.Object) *graphql.Object {
	edgeType := object(node.Name()+"Edge", "", graphql.Fields{
		"node":   field(required(node), "", func(e *edge[N]) any { return e.node }),
		"cursor": field(required(graphql.String), "", func(e *edge[N]) any { return e.cursor }),
	})
	return object(node.Name()+"Connection", "", graphql.Fields{
		"edges":      field(listOf(edgeType), "", func(p *pageOf[N]) any { return p.edges }),
		"pageInfo":   field(required(info), "", func(p *pageOf[N]) any { return &p.info }),
		"totalCount": field(required(graphql.Int), "All items, of all pages.", func(p *pageOf[N]) any { return p.total }),
	})
}

// pageArgs are the arguments of a connection, with more of the caller's.
func pageArgs(more graphql.FieldConfigArgument) graphql.FieldConfigArgument {
	args := graphql.FieldConfigArgument{
		"first": arg(graphql.Int, "The size of the page, 1 to 100; 100 if left out."),
		"after": arg(graphql.String, "The cursor that the page follows."),
	}
	for name, a := range more {
		args[name] = a
	}
	return args
}

// page reads first and after.
func (in *input) page() (first int, after string) {
	first, given := optional[int](in, "first")
	if !given {
		first = maxPage
	}
	if first < 1 || first > maxPage {
		in.fault("first", fmt.Errorf("%d is not a page size of 1 to %d: %w", first, maxPage, domain.ErrInvalid))
	}
	return first, in.text("after")
}
