"""The contact ledger on a Redis server; implements ``features.store.contacts.Ledger``.

A person's contacts are one sorted set by time; its members carry sender, channel and the end of a
reservation. A script checks the caps and writes, whole and alone.
"""

from collections.abc import Sequence
from uuid import uuid4

from features.store.contacts import ALL, KEPT_US, WINDOWS, Policy, next_free
from features.store.projection import chunks
from features.store.shared.address import Address
from features.store.shared.link import Link

_SPLIT = "\x1f"

RESERVE = """
-- contacts* | now kept until sender channel most mark caps (own length most)* person*
-- every argument is text; instants fit a double exactly
local now, kept, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[6])
local caps, taken = tonumber(ARGV[8]), {}
for n = 1, #KEYS do
  if #taken == most then break end
  redis.call('ZREMRANGEBYSCORE', KEYS[n], '-inf', string.format('(%.0f', now - kept))
  local rows, held = redis.call('ZRANGE', KEYS[n], 0, -1, 'WITHSCORES'), false
  local seen = {}
  for i = 1, #rows, 2 do
    local until_us, channel, sender =
      string.match(rows[i], '^(%d+)\\31([^\\31]*)\\31([^\\31]*)\\31')
    if until_us == '0' or tonumber(until_us) > now then
      seen[#seen + 1] = {channel, tonumber(rows[i + 1])}
      if until_us ~= '0' and channel == ARGV[5] and sender == ARGV[4] then held = true end
    end
  end
  local free = true
  for c = 0, caps - 1 do
    local own, length, limit =
      ARGV[9 + 3 * c], tonumber(ARGV[10 + 3 * c]), tonumber(ARGV[11 + 3 * c])
    local count = 0
    for _, row in ipairs(seen) do
      if row[2] > now - length and (own == '0' or row[1] == ARGV[5]) then count = count + 1 end
    end
    if count >= limit then free = false end
  end
  if held or free then
    taken[#taken + 1] = n
    if not held then
      local member = ARGV[3] .. '\\31' .. ARGV[5] .. '\\31' .. ARGV[4] .. '\\31' .. ARGV[7] .. n
      redis.call('ZADD', KEYS[n], ARGV[1], member)
      redis.call('PEXPIRE', KEYS[n], math.ceil(kept / 1000))
    end
  end
end
return taken
"""

CHARGE = """
-- contacts | now sender channel mark kept
local now, found = tonumber(ARGV[1]), 0
local rows = redis.call('ZRANGE', KEYS[1], 0, -1)
local ended = '\\31' .. ARGV[4]
for i = 1, #rows do
  if string.sub(rows[i], -#ended) == ended then return 0 end
end
for i = 1, #rows do
  local until_us, channel, sender = string.match(rows[i], '^(%d+)\\31([^\\31]*)\\31([^\\31]*)\\31')
  if found == 0 and until_us ~= '0' and tonumber(until_us) > now and channel == ARGV[3]
    and sender == ARGV[2] then
    redis.call('ZREM', KEYS[1], rows[i])
    found = 1
  end
end
redis.call('ZADD', KEYS[1], ARGV[1], '0\\31' .. ARGV[3] .. '\\31' .. ARGV[2] .. '\\31' .. ARGV[4])
redis.call('PEXPIRE', KEYS[1], math.ceil(tonumber(ARGV[5]) / 1000))
return found
"""


class SharedLedger:
    """The ledger that services of several machines share.

    Parameters
    ----------
    address : Address
        The server.
    policy : Policy
        The caps.
    """

    def __init__(self, address: Address, policy: Policy) -> None:
        self.link = Link(address)
        self.policy = policy

    def _key(self, person: str) -> bytes:
        return self.link.key("contacts", person)

    def reserve(
        self, sender: str, people: Sequence[str], channel: str, at_us: int, most: int
    ) -> list[str]:
        """Reserve places for the first ``most`` of ``people`` that are under every cap."""
        caps = self.policy.of(channel)
        values = [at_us, KEPT_US, at_us + self.policy.reserved_us, _plain(sender), _plain(channel)]
        values += [most, uuid4().hex, len(caps)]
        for own, length, limit in caps:
            values += [int(own), length, limit]
        if not people or most <= 0:
            return []
        places = self.link.run(RESERVE, [self._key(person) for person in people], values)
        return [people[int(place) - 1] for place in places]

    def charge(self, sender: str, person: str, channel: str, at_us: int, mark: str = "") -> bool:
        """Note a contact that happened."""
        values = [at_us, _plain(sender), _plain(channel), _plain(mark) or uuid4().hex, KEPT_US]
        return bool(self.link.run(CHARGE, [self._key(person)], values))

    def next_at(self, person: str, channel: str, at_us: int) -> int:
        """First instant at which a person is under every cap."""
        found = self.link.ask("ZRANGE", self._key(person), 0, -1, "WITHSCORES")
        return self._free(found, channel, at_us)

    def _free(self, found: Sequence[bytes], channel: str, at_us: int) -> int:
        return next_free(_alive(found, at_us), self.policy, _plain(channel), at_us)

    def capped(self, people: Sequence[str], channel: str, at_us: int) -> list[str]:
        """Those of many people who are at a cap, in one round trip for each 500."""
        found: list[str] = []
        for asked in chunks(people):
            told = self.link.ask_all([
                ("ZRANGE", self._key(one), 0, -1, "WITHSCORES") for one in asked
            ])
            found += [
                one
                for one, contacts in zip(asked, told, strict=True)
                if contacts and self._free(contacts, channel, at_us) > at_us
            ]
        return found

    def count(self, person: str, channel: str, window: str, at_us: int) -> int:
        """Contacts and live reservations of a window before an instant."""
        return sum(
            at > at_us - WINDOWS[window] and (channel == ALL or name == _plain(channel))
            for name, at in self._rows(person, at_us)
        )

    def _rows(self, person: str, at_us: int) -> list[tuple[str, int]]:
        found = self.link.ask("ZRANGE", self._key(person), 0, -1, "WITHSCORES")
        return _alive(found, at_us)

    def forget(self, people: Sequence[str]) -> None:
        """Erase everything about people; what they sent to others is looked for everywhere."""
        for person in people:
            self.link.ask("UNLINK", self._key(person))
        senders = {_plain(person) for person in people}
        for page in self.link.keys(self._key("")):
            for key in page:
                for member in self.link.ask("ZRANGE", key, 0, -1):
                    if member.decode().split(_SPLIT)[2] in senders:
                        self.link.ask("ZREM", key, member)

    def close(self) -> None:
        """Release the connections."""
        self.link.close()


def _plain(text: str) -> str:
    """A text without the sign that separates the parts of a member."""
    return text.replace(_SPLIT, "?")


def _alive(found: Sequence[bytes], at_us: int) -> list[tuple[str, int]]:
    """Channel and instant of the contacts that count."""
    rows = []
    for member, score in zip(found[::2], found[1::2], strict=True):
        until, channel = member.decode().split(_SPLIT)[:2]
        if until == "0" or int(until) > at_us:
            rows.append((channel, int(float(score))))
    return rows
