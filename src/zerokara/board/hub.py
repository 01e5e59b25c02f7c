"""The hub: it reads the runs while pages are open, and sends each page what has changed."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from zerokara.board.watched import TRAINING, UNREADABLE, WatchedRun
from zerokara.errors import ZerokaraError
from zerokara.report.page import as_json

LOOK_EVERY, ALIVE_EVERY = 0.5, 5.0
"""Seconds between two looks at the runs, and between two lines to a page to which nothing is sent."""
PAGE_SHARE = 0.2
"""The most of the time that is spent on the pages."""
MOST_WAITING = 200
"""The most events that wait for a page; one that does not take them starts anew."""

Event = tuple[str, int, str]
"""Its kind, the version of the page after it, and its data as JSON."""


@dataclass(eq=False)
class Subscriber:
    """An open page: the place of its run, and the events that wait for it."""

    run: int
    loop: asyncio.AbstractEventLoop
    events: "asyncio.Queue[Event | None]" = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def send(self, event: Event | None) -> None:
        """Send an event, from any thread; None ends."""
        self.loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: Event | None) -> None:
        if self.events.full():
            while not self.events.empty():
                self.events.get_nowait()
            event = ("reload", 0, "{}") if event else None
        self.events.put_nowait(event)


class Hub:
    """The runs of a board, read by one thread while pages are open.

    Args:
        runs: in the order of the tabs.
    """

    def __init__(self, runs: Sequence[WatchedRun]) -> None:
        self.runs = runs
        self._subscribers: tuple[Subscriber, ...] = ()  # Replaced, as threads iterate over it.
        self._replacing = threading.Lock()
        self._lock, self._wake, self._ended = threading.RLock(), threading.Event(), False
        self._sent_statuses = ""
        self._thread = threading.Thread(target=self._watch, name="zerokara-board", daemon=True)
        self._thread.start()

    def page(self, place: int) -> dict[str, Any]:
        """Return the data of the page of a run."""
        with self._lock:
            for run in self.runs:
                if run is not self.runs[place]:
                    run.poll()
            self._refresh(place)
            run = self.runs[place]
            board = {"run": place, "version": run.version, "runs": self._statuses()}
            return run.whole() | {"board": board}

    def stop_run(self, place: int) -> bool:
        """Ask the search of a run to stop; return whether there is one."""
        with self._lock:
            taken = self.runs[place].stop()
            self._send_statuses()
            return taken

    def look(self) -> None:
        """Look at all runs now, and send what has changed."""
        with self._lock:
            for place in range(len(self.runs)):
                self._refresh(place)
            self._send_statuses()

    def close(self) -> None:
        """Send what has changed last, and end all streams."""
        with self._lock:
            if self._subscribers:
                self.look()
            self._ended = True
            for subscriber in self._subscribers:
                subscriber.send(("end", 0, "{}"))
                subscriber.send(None)
        self._wake.set()

    async def stream(self, place: int, version: int) -> AsyncIterator[str]:
        """Yield the events for a page that has this version of its run, as server-sent events."""
        subscriber = Subscriber(place, asyncio.get_running_loop())
        await asyncio.to_thread(self._subscribe, subscriber, version)
        try:
            while True:
                try:
                    event = await asyncio.wait_for(subscriber.events.get(), ALIVE_EVERY)
                except TimeoutError:
                    yield ": alive\n\n"
                    continue
                if event is None:
                    return
                kind, number, data = event
                yield f"event: {kind}\nid: {number}\ndata: {data}\n\n"
        finally:
            with self._replacing:
                self._subscribers = tuple(each for each in self._subscribers if each is not subscriber)

    def _subscribe(self, subscriber: Subscriber, version: int) -> None:
        with self._lock:
            with self._replacing:
                self._subscribers += (subscriber,)
            if self._ended:
                subscriber.send(None)
            run = self.runs[subscriber.run]
            subscriber.send(("status", run.version, json.dumps(self._statuses())))
            if run.version != version:
                self._send_page(subscriber.run, [subscriber])
        self._wake.set()

    def _watch(self) -> None:
        """Look again and again, while there is a page."""
        while not self._ended:
            if not self._subscribers:
                self._wake.wait()
                self._wake.clear()
                continue
            started = time.monotonic()
            with suppress(ZerokaraError, OSError):  # Of a run that goes away meanwhile: the next look says so.
                self.look()
            time.sleep(max(LOOK_EVERY, (time.monotonic() - started) / PAGE_SHARE))

    def _refresh(self, place: int) -> None:
        """Read a run, and send its pages what they lack."""
        run, before = self.runs[place], self.runs[place].state
        if run.poll():
            run.version += 1
            self._send(place, "reload", "{}")
            return
        pages = [each for each in self._subscribers if each.run == place]
        if run.state != before and {run.state, before} - set(TRAINING) and run.state not in UNREADABLE:
            run.version += 1
            if pages:
                self._send_page(place, pages)
        if changes := run.changes():
            run.version += 1
            self._send(place, "changes", as_json(changes))

    def _send_page(self, place: int, pages: Sequence[Subscriber]) -> None:
        event = "page", self.runs[place].version, as_json(self.runs[place].whole())
        for page in pages:
            page.send(event)

    def _send(self, place: int, kind: str, data: str) -> None:
        for each in self._subscribers:
            if each.run == place:
                each.send((kind, self.runs[place].version, data))

    def _statuses(self) -> list[dict[str, Any]]:
        return [run.status() for run in self.runs]

    def _send_statuses(self) -> None:
        """Send the states of all runs, if they differ from what was sent."""
        text = as_json(self._statuses())
        if text == self._sent_statuses:
            return
        self._sent_statuses = text
        for each in self._subscribers:
            each.send(("status", self.runs[each.run].version, text))
