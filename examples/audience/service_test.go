package main

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestServiceIsLocal: only who names another address can be reached from elsewhere.
func TestServiceIsLocal(t *testing.T) {
	for addr, local := range map[string]bool{"": true, ":0": true, "127.0.0.1:0": true, "0.0.0.0:0": false} {
		t.Run(addr, func(t *testing.T) {
			s, err := openService(t.Context(), &options{addr: addr, customers: 10, zone: "UTC", speed: -1, stdout: io.Discard})
			require.NoError(t, err)
			require.Equal(t, local, s.server.local)
			require.Equal(t, local, s.api.Addr().(*net.TCPAddr).IP.IsLoopback())
			require.True(t, s.campaign.Addr().(*net.TCPAddr).IP.IsLoopback())
			require.NoError(t, s.kill())
		})
	}
}
