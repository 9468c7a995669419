"""How well students' code is shut in on this machine, and what may be graded so."""

TIERS = {
    "A": "each notebook runs in a sandbox of its own: no network, no view of this machine's files",
    "B": "each notebook runs under the kernel's restrictions: no network, few files to see",
    "C": "each notebook runs in a plain subprocess with limits on time and memory",
}


def tier_in_force() -> str:
    """Return "A", "B" or "C"."""
    return "C"


def require_trust(tier: str, trusted: bool) -> str:
    """Return a line about the tier.

    Raises:
        ValueError: at tier C, unless the submissions are trusted.
    """
    line = f"Tier {tier}: {TIERS[tier]}."
    if tier != "C":
        return line
    if trusted:
        return f"{line} That stops accidents, not attackers: this is work of people you trust."
    raise ValueError(
        f"{line} That stops accidents, not attackers. Grade on a machine that can do better (`course doctor` "
        "says what is missing), or say --trust-submissions if you trust everybody whose work this is."
    )
