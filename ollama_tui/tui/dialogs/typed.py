"""Whether a text in a field was typed, and whether losing it would matter."""

from __future__ import annotations


class Typed:
    """The text of a field since it was opened.

    Changes that touch each other are one go: a word put in, a name overwritten from its beginning
    to its end. A change somewhere else is a second go.
    """

    def __init__(self, start: str) -> None:
        self.start = start
        """What the program has put there."""
        self.text = start
        self._goes = 0
        self._span = (0, 0)
        """Where the last go is in the text."""

    def change(self, text: str) -> None:
        """Take what is in the field now."""
        if text == self.text:
            return
        begin, old_end, new_end = _changed(self.text, text)
        first, last = self._span
        if self._goes and begin <= last and old_end >= first:
            shift = new_end - old_end
            self._span = (min(first, begin), max(last, old_end) + shift)
        else:
            self._goes += 1
            self._span = (begin, new_end)
        self.text = text

    def restore(self, text: str) -> None:
        """Put in what was typed at another time."""
        self.text = text
        self._goes = 2

    @property
    def is_typed(self) -> bool:
        """Whether the text is another one than the program has put there."""
        return self.text != self.start

    @property
    def is_slight(self) -> bool:
        """Whether the text is a prefilled one, changed in one go at most."""
        return bool(self.start) and self._goes < 2


def _changed(old: str, new: str) -> tuple[int, int, int]:
    """Return where a change begins, and where it ends in the old and in the new text."""
    most = min(len(old), len(new))
    begin = next((i for i in range(most) if old[i] != new[i]), most)
    same = 0
    while same < most - begin and old[-1 - same] == new[-1 - same]:
        same += 1
    return begin, len(old) - same, len(new) - same
