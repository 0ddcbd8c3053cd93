package notify

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// The networks of the registries of IANA for addresses of special purpose, an address of each and those beside it.
func TestPublic(t *testing.T) {
	for _, text := range []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
		"198.20.0.0", "203.0.114.0", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700:4700::1111", "2400:3200::1", "2001:4860:4860::8888",
	} {
		require.True(t, public(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.255.255.255",
		"169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
		"198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
		"2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
	} {
		require.False(t, public(netip.MustParseAddr(text)), text)
	}
	require.False(t, public(netip.Addr{}))
}

// The address that is connected to counts, whatever name led there.
func TestPublicOnly(t *testing.T) {
	url, arrived := serve(t, status(200))
	sink, _ := webhookTo(t, url, func(o *WebhookOptions) { o.PublicOnly, o.Attempts = true, 1 })
	err := sink.Deliver(t.Context(), notices(1, 2))
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorIs(t, err, errPrivate)
	require.Empty(t, arrived())
	require.Nil(t, newTransport(true).(*http.Transport).Proxy, "a proxy would connect to it")
	sink, _ = webhookTo(t, url, nil)
	require.NoError(t, sink.Deliver(t.Context(), notices(1, 2)))
}
