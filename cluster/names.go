package cluster

import "fmt"

// The enumerations are written as their names: nameOf, marshalName and
// unmarshalName serve all of them.

func nameOf[E ~uint8](names []string, e E) string {
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprintf("unknown(%d)", e)
}

func marshalName[E ~uint8](what string, names []string, e E) ([]byte, error) {
	if int(e) >= len(names) {
		return nil, fmt.Errorf("cluster: unknown %s %d", what, e)
	}
	return []byte(names[e]), nil
}

func unmarshalName[E ~uint8](what string, names []string, text []byte, e *E) error {
	for i, name := range names {
		if name == string(text) {
			*e = E(i)
			return nil
		}
	}
	return fmt.Errorf("cluster: unknown %s", what)
}
