"""Two ends of a link, with a pipe between them that a test holds in its hands. No loop runs."""

import random
from collections.abc import Callable

from meetserver.cluster.link import Link, Packet, decode_packet
from meetserver.cluster.parcels import Detach, Parcel
from meetserver.ids import RoomId, ShardId

Comparison = tuple[list[tuple[RoomId, int, int]], bool]


class Watch:
    """The time, as both ends read it."""

    def __init__(self) -> None:
        self.now = 100.0


class End:
    """Implements `link.Host`: one end, and what it was told. `clock_ms` is what its next life is named after."""

    def __init__(self, name: str, peer: str, watch: Watch, clock_ms: int) -> None:
        self.name, self.peer = ShardId(name), ShardId(peer)
        self._watch = watch
        self.clock_ms = clock_ms
        self.had: list[str] = []
        self.ups = self.resets = 0
        self.comparisons: list[Comparison] = []
        self.wants_out = False
        self.on_parcel: Callable[[str], None] = lambda _: None
        self.on_up: Callable[[], None] = lambda: None
        self.on_reset: Callable[[], None] = lambda: None
        self.begin()

    def begin(self) -> None:
        """The process is a new one."""
        self.link = Link(self.name, self.peer, self, lambda: self.clock_ms, lambda: self._watch.now)

    def is_up(self) -> bool:
        return self.link.is_up

    def send(self, *words: str) -> None:
        for word in words:
            self.link.send(parcel(word))

    def packets(self) -> list[bytes]:
        self.wants_out = False
        return list(self.link.packets())

    def take(self, packets: list[bytes]) -> None:
        for packet in packets:
            self.link.receive(decode_packet(packet))

    # --- link.Host

    def link_up(self, link: Link) -> None:
        self.ups += 1
        self.on_up()

    def link_reset(self, link: Link) -> None:
        assert not link.is_up
        self.resets += 1
        self.on_reset()

    def link_has(self, link: Link, parcel: Parcel) -> None:
        assert isinstance(parcel, Detach)
        self.had.append(parcel.room)
        self.on_parcel(parcel.room)

    def link_compares(self, link: Link, rooms: list[tuple[RoomId, int, int]], is_whole: bool) -> None:
        self.comparisons.append((rooms, is_whole))

    def link_wants_out(self, link: Link) -> None:
        self.wants_out = True


class Pair:
    """Ends `a` and `b`. A step carries once what each has for the other."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.a = End("a", "b", self.watch, 1000)
        self.b = End("b", "a", self.watch, 2000)

    def step(self) -> bool:
        to_b, to_a = self.a.packets(), self.b.packets()
        self.b.take(to_b)
        self.a.take(to_a)
        return bool(to_a or to_b)

    def settle(self) -> None:
        for _ in range(100):
            if not self.step():
                return
        raise AssertionError("they never fall silent")

    def up(self) -> "Pair":
        self.settle()
        assert self.a.link.is_up
        assert self.b.link.is_up
        return self

    def wait(self, seconds: float, *, talk: bool = True) -> None:
        """Time goes by, in steps as links are looked at."""
        for _ in range(round(seconds / 0.05)):
            self.watch.now += 0.05
            for end in (self.a, self.b):
                end.link.look()
            if talk:
                self.step()


def parcel(word: str) -> Parcel:
    return Detach(RoomId(word))


def read(packet: bytes) -> Packet:
    return decode_packet(packet)


class RoughPipe:
    """Loses, doubles and reorders, by chance."""

    def __init__(self, chance: random.Random, *, loss: float) -> None:
        self._chance = chance
        self._loss = loss
        self._under_way: list[bytes] = []

    def put(self, packets: list[bytes]) -> None:
        for packet in packets:
            if self._chance.random() >= self._loss:
                copies = 2 if self._chance.random() < 0.2 else 1
                self._under_way += [packet] * copies

    def get(self) -> list[bytes]:
        """Some of it, in any order."""
        self._chance.shuffle(self._under_way)
        count = self._chance.randint(0, len(self._under_way))
        out, self._under_way = self._under_way[:count], self._under_way[count:]
        return out
