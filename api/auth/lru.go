package auth

import "container/list"

// lru keeps the entries that were used last, so that no number of names that
// strangers think up fills memory. It is not safe for concurrent use.
type lru[V any] struct {
	most    int
	order   *list.List // of *lruEntry[V], used last in front
	entries map[string]*list.Element
}

type lruEntry[V any] struct {
	key   string
	value V
}

func newLRU[V any](most int) *lru[V] {
	return &lru[V]{most: most, order: list.New(), entries: make(map[string]*list.Element)}
}

func (l *lru[V]) get(key string) (value V, ok bool) {
	at, ok := l.entries[key]
	if !ok {
		return value, false
	}
	l.order.MoveToFront(at)
	return at.Value.(*lruEntry[V]).value, true
}

func (l *lru[V]) put(key string, value V) {
	if at, ok := l.entries[key]; ok {
		at.Value.(*lruEntry[V]).value = value
		l.order.MoveToFront(at)
		return
	}
	l.entries[key] = l.order.PushFront(&lruEntry[V]{key, value})
	if l.order.Len() > l.most {
		l.remove(l.order.Back().Value.(*lruEntry[V]).key)
	}
}

func (l *lru[V]) remove(key string) {
	if at, ok := l.entries[key]; ok {
		l.order.Remove(at)
		delete(l.entries, key)
	}
}
