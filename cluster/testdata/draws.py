"""Draws of cluster.random, by another implementation of the same algorithms.

The generator is PCG-DXSM with 128 bits of state (O'Neill 2014; numpy's PCG64DXSM).
"""

M64, M128 = (1 << 64) - 1, (1 << 128) - 1


class Random:
    def __init__(self, seed, stream):
        self.state = seed << 64 | stream

    def uint64(self):
        mul, inc = 0x2360ED051FC65DA44385DF649FCCF645, 0x5851F42D4C957F2D14057B7EF767814F
        self.state = (self.state * mul + inc) & M128
        hi, lo = self.state >> 64, self.state & M64
        hi ^= hi >> 32
        hi = hi * 0xDA942042E4DD58B5 & M64
        hi ^= hi >> 48
        return hi * (lo | 1) & M64

    def below(self, n):
        while True:
            x = self.uint64() * n
            if x & M64 >= (1 << 64) % n:
                return x >> 64

    def float(self):
        return (self.uint64() >> 11) / 2**53

    def weighted(self, weights):
        x = self.float() * sum(weights)
        for i, w in enumerate(weights):
            if x < w:
                return i
            x -= w

    def sample(self, n, m):
        taken = set()
        for last in range(n - m, n):
            i = self.below(last + 1)
            taken.add(last if i in taken else i)
        return sorted(taken)


r = Random(0x636C7573746572, 1)
print([r.below(1_000_003) for _ in range(6)])
print([r.float() for _ in range(3)])
print([r.weighted([0, 1, 0, 2, 3, 0]) for _ in range(12)])
print(r.sample(1000, 12))
print([r.below(3 << 61) for _ in range(4)])
