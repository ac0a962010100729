"""Files, their store, images and scans."""

# --- files
FILE_PART_BYTES = 8 * 1024 * 1024
"""A file is stored in parts of at most so many bytes, each sealed and written whole."""
OBJECT_PART_BYTES = 9 * 1024 * 1024
"""A blob of at most so many bytes goes to an object store with one request, a larger one in parts of so many: what one
upload there needs of memory."""
OBJECT_STORE_CONNECT_S = 3.0
"""An object store that takes no connection for this long is away."""
OBJECT_STORE_SILENCE_S = 20.0
"""So is one that does not answer for this long, which is all that writing such a part may take."""
OBJECT_STORE_TRIES = 3
"""A request to an object store that failed is made so often."""
FILE_HEAD_BYTES = 64 * 1024
"""Of a file's beginning, and of its end, looked at to see what it is."""
IMAGE_BYTES = 32 * 1024 * 1024
"""Largest PNG, JPEG, GIF or WebP, before and after it is made anew."""
IMAGE_PIXELS = 50_000_000
"""Of one image, or of all frames of an animation together."""
IMAGE_SIDE_PX = 16_383
"""Longest side of an image: WebP's, and more than browsers draw."""
IMAGE_FRAMES = 1000
"""Of an animation."""
THUMBNAIL_PX = (256, 1024)
"""Longest sides of an image's thumbnails."""
IMAGE_MEMORY_BYTES = 1024 * 1024 * 1024
"""Address space of the process that makes one image anew."""
IMAGE_CPU_S = 30
"""CPU time that it may take,"""
IMAGE_TIMEOUT_S = 90.0
"""… and how long it may be at it."""
IMAGES_AT_ONCE = 2
"""Images that one server makes anew at the same time,"""
IMAGES_WAITING = 16
"""… and how many may wait; one more is `busy`."""
SCANS_AT_ONCE = 4
"""Files that one server has scanned at the same time; clamd serves 10 as it comes."""
SCAN_CONNECT_S = 5.0
"""clamd must answer a call within this time,"""
SCAN_SILENCE_S = 30.0
"""… take the next bytes within this,"""
SCAN_TIMEOUT_S = 150.0
"""… and say what it found within this, after the last one. It gives up itself after 120 s (MaxScanTime)."""
FILES_PER_MEETING = 10_000
"""Of one meeting."""
FILE_NAME_BYTES = 200
"""Of a file's shown name, in UTF-8."""
FILE_MESSAGES = 100
"""Messages that one file is in, or was to be in."""
FILE_UNSENT_S = 24 * 3600.0
"""A file that was brought for a message, and that no message has after so long, is deleted,"""
FILE_UNSENT_SWEEP_S = 6 * 3600.0
"""… and looked for this often."""
FORM_FIELDS = 8
"""Fields of a form with a file."""
FILE_IDLE_S = 30.0
"""An upload from which nothing comes for so long is broken off; a download that takes nothing, too."""
UPLOAD_LIFE_S = 24 * 3600.0
"""An upload to which nothing was added for so long is given up."""
UPLOAD_PIECES = 5000
"""Requests that bring one upload, beside those that bring a whole part: each lengthens its row."""
UPLOADS_PER_USER = 20
"""Uploads of one person that are under way."""
DIRECT_UPLOAD_BYTES = 5 * 1024**3
"""Largest file that is put into the object store directly: what S3 takes with one request."""
DIRECT_UPLOAD_LIFE_S = 3600.0
"""A presigned URL to put a file to is good for so long; so long is said why one was refused."""
DIRECT_INTAKES = 4
"""Files that were put there and are taken in at the same time, by one server for all,"""
DIRECT_LOOK_S = 2.0
"""… which looks so often for more of them while it does that,"""
DIRECT_RETRY_S = 60.0
"""… and after so long tries again what did not work."""
DIRECT_DOWNLOAD_LIFE_S = 900.0
"""A presigned URL of a sealed part is good for so long."""
DIRECT_PARTS = 100
"""Of them in one answer."""
FILE_LINK_LIFE_S = 3600.0
"""A link to a file's bytes is good for so long."""
SCAN_HELD_S = 60.0
"""How often the virus scanner is asked again about files that it could not look at."""
FILE_SWEEP_S = 600.0
"""How often files that were deleted, and uploads that were given up, are looked for."""
SWEEP_ROWS = 200
"""Of them in one statement."""
FILES_COUNTED = 1000
"""Uploads under way, files that are held back, and deleted ones, are counted up to so many for operators."""
LARGEST_SHOWN = 20
"""Accounts, and meetings, with the most files, as operators see them."""
USAGE_SLOTS = 16
"""Counters of each kind of file, among which owners are divided."""
FILE_ORPHANS_S = 24 * 3600.0
"""How often all of the store is looked through for blobs that nobody knows."""
FILE_DELETED_S = 24 * 3600.0
"""A deleted file's bytes stay in the store for so long."""
