"""Keys, jobs and mail."""

# --- keys, jobs and mail
KEY_SPREAD_S = 120.0
"""A new data key seals from this long after it was made: by then every process has seen it (it looks each minute)."""
KEY_REFRESH_S = 60.0
"""A server looks for keys that other processes made this often."""
KEY_AGE_S = 90 * 86400
"""A data key this old is due for rotation."""
KEY_SEALS = 2**28
"""So is one that sealed this often in one process: 16 of them stay below AES-GCM's 2^32 random nonces."""
RESEALED_AT_ONCE = 500
"""Entries of rooms' logs that are looked at together, and sealed under another key with one statement."""
JOB_SLOTS = 8
"""One-off jobs that one process runs at once. Periodic ones come on top: one of each kind in the whole cluster."""
JOB_LEASE_S = 30.0
"""A job whose process fell silent is taken over after this long."""
JOB_POLL_S = 1.0
"""A due job that nobody was woken for waits this long at most."""
JOB_TIMEOUT_S = 3600.0
"""A try that takes longer has failed."""
JOB_HISTORY_S = 7 * 86400
"""Done jobs, and what became of each try, are kept this long; dead jobs until somebody looks."""
JOB_ERROR_CHARS = 500
"""Kept of an error's text."""
MAIL_POLL_S = 10.0
"""A mail that is tried again may be this late."""
MAILS_TOGETHER = 8
"""Mails handed over at once."""
MAIL_TIMEOUT_S = 60.0
"""A mail that is not taken within this time is tried again later."""
MAIL_ATTEMPTS = 12
"""With delays of 10 s, 40 s, 160 s … 4 h, a mail server that is away for a day loses no mail."""
MAIL_FIRST_DELAY_S = 10.0
"""Before the second try of a mail; four times as long before each further one."""
MAIL_LONGEST_DELAY_S = 4 * 3600.0
"""… but never longer than this."""
MAIL_HISTORY_S = 7 * 86400
"""The rows of sent mails, without their text, are kept this long; dead letters until somebody looks."""
