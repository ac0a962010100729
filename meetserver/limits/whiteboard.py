"""The whiteboard, its pictures, and the pages made of it."""

# --- whiteboard
BOARD_OPS = 200
"""Ops in one whiteboard.apply."""
BOARD_ELEMENT_BYTES = 32 * 1024
"""One element, encoded."""
BOARD_ELEMENT_DEPTH = 32
"""Lists and objects inside each other in one element: deeper, and some clients could not read a snapshot."""
BOARD_BYTES = 64 * 1024 * 1024
"""All elements of all pages, encoded."""
BOARD_ELEMENTS = 50_000
"""Elements of one page."""
BOARD_PAGES = 50
"""Pages of one whiteboard."""
BOARD_NAME_CHARS = 80
"""Longest name of a page, of its background, or of a version."""
BOARD_SIDE_MIN = 100
"""A page's width and height are at least this, in the units of its elements' coordinates,"""
BOARD_SIDE_MAX = 100_000
"""… and at most this."""
BOARD_UNDO_STEPS = 100
"""Changes that one person can take back, and as many that they can do again; above it the oldest go."""
BOARD_UNDO_BYTES = 8 * 1024 * 1024
"""What all changes of a whiteboard that can be taken back need; above it the oldest go, whosever they are."""
BOARD_VERSIONS = 50
"""Versions of a whiteboard kept under a name; one more is refused."""
BOARD_VERSIONS_BYTES = 64 * 1024 * 1024
"""All elements of all versions, each counted as often as it is in one."""
BOARD_ENTRY_BYTES = 256 * 1024
"""Ops in one entry of a restore, or of an undo; what is more goes into the next entry."""
BOARD_CHANGE_ENTRIES = 100
"""Entries of one restore; what would take more is restored page by page."""
BOARD_PEN_WIDTH = 1000
"""Widest pen that a participant can say to have in hand."""
PICTURE_BYTES = 96 * 1024 * 1024
"""Elements and images in one picture of the board (SVG, PNG, PDF)."""
PICTURE_SIDE_PX = 3200
"""The longer side of a PNG of the board."""
PICTURE_IMAGES = 50
"""Images in one picture, the lowest ones; others are shown as frames."""
PICTURE_IMAGES_BYTES = 24 * 1024 * 1024
"""… and so large together; those above it, the last ones, are shown as frames."""
PICTURE_ANSWER_BYTES = 192 * 1024 * 1024
"""Largest picture."""
PICTURE_MEMORY_BYTES = 1024 * 1024 * 1024
"""Address space of the process that makes pictures."""
PICTURE_CPU_S = 60
"""CPU time that it may take,"""
PICTURE_TIMEOUT_S = 120.0
"""… and how long it may be at it."""
PICTURES_AT_ONCE = 1
"""Pictures that one server makes at the same time,"""
PICTURES_WAITING = 16
"""… and how many may wait; one more is `busy`."""
IMPORT_BYTES = 16 * 1024 * 1024
"""Largest drawing that is imported."""
IMPORT_ELEMENTS = 10_000
"""Elements of it."""
IMPORT_COMMAND_BYTES = 128 * 1024
"""Elements that one of its commands brings, unless there is one that is larger."""
ATTENDANCE_ENTRIES = 20_000
"""Arrivals, and as many departures, that a list of who attended looks at: the newest."""
MINUTES_MESSAGES = 2000
"""Messages in a meeting's minutes: the newest; all are at /messages."""
MINUTES_FILES = 200
"""Files in a meeting's minutes: the newest."""
MINUTES_BOARD_BYTES = 4 * 1024 * 1024
"""Elements and images of the pages that a meeting's minutes show; above it the last pages are left to the PDF."""
