package embedded

// cache is a bounded map that forgets what was not used lately: when the young generation is full
// it becomes the old one, and the old one is dropped. A lookup moves an entry back to the young.
// It holds at most twice its size, and costs no bookkeeping per entry.
type cache[K comparable, V any] struct {
	size       int
	young, old map[K]V
}

func newCache[K comparable, V any](size int) *cache[K, V] {
	return &cache[K, V]{size: size, young: make(map[K]V)}
}

func (c *cache[K, V]) get(key K) (V, bool) {
	if value, ok := c.young[key]; ok {
		return value, true
	}
	value, ok := c.old[key]
	if ok {
		c.put(key, value)
	}
	return value, ok
}

func (c *cache[K, V]) put(key K, value V) {
	if len(c.young) >= c.size {
		c.old, c.young = c.young, make(map[K]V)
	}
	c.young[key] = value
}
