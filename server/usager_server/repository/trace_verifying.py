"""Verifying the chain of a tenant, from its first link to its last."""

import time
from collections.abc import Sequence

from usager_server.repository.running import Runner
from usager_server.repository.trace_links import Link, further_patients, links_after, unlinked
from usager_server.traces.anchors import Anchor
from usager_server.traces.record import row_at
from usager_server.traces.verifying import Chain, Verdict

UNLINKED_AFTER_SECONDS = 60


async def verified(runner: Runner, anchors: Sequence[Anchor]) -> Verdict:
    """Return what is wrong in the chain, its traces, and the index of further Patients.

    Time    some 20,000 links a second; a statement for 2,000 of them, so that none takes long.
    """
    chain = Chain(runner.tenant, anchors)
    seq = 0
    while links := await links_after(runner, seq):
        for link in links:
            chain.follow(link)
        await _compare_patients(runner, chain.verdict, links)
        seq = links[-1].seq
    verdict = chain.end()
    waiting = await unlinked(runner, row_at(int((time.time() - UNLINKED_AFTER_SECONDS) * 1_000_000)))
    if waiting:
        verdict.add(f"{waiting} traces have no link after {UNLINKED_AFTER_SECONDS} s: does `usager worker` run?")
    return verdict


async def _compare_patients(runner: Runner, verdict: Verdict, links: Sequence[Link]) -> None:
    """See that each trace of several Patients is found by each of them."""
    met = {
        link.row: link.trace.told["patients"][1:]
        for link in links
        if link.trace is not None and "patients" in link.trace.told
    }
    if not met:
        return
    found = await further_patients(runner, met)
    for row, patients in met.items():
        if any((row, patient) not in found for patient in patients):
            verdict.add(f"the trace {row:x} is not found by each of its Patients")
