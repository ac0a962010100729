"""Browser profiles that tests take and give back."""

from playwright.async_api import Browser, BrowserContext, ViewportSize

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
FREE = 12
"""So many are kept for who comes next."""


class Profiles:
    """Each is as good as new for who takes it, but for the client's modules: those a browser keeps for good, and it
    takes it a second to load them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: list[tuple[tuple[object, ...], BrowserContext]] = []
        self._taken: dict[BrowserContext, tuple[object, ...]] = {}

    async def take(
        self, address: str, *, on: ViewportSize = DESKTOP, theme: str = "light", script: str = ""
    ) -> BrowserContext:
        """For the server at `address`. `script` runs in every page before its own."""
        kind = (address, on["width"], on["height"], theme, script)
        place = next((place for place, (free, _) in enumerate(self._free) if free == kind), None)
        context = await self._new(address, on, theme, script) if place is None else self._free.pop(place)[1]
        self._taken[context] = kind
        return context

    async def give_back(self, context: BrowserContext) -> None:
        """The oldest of too many is closed."""
        kind = self._taken.pop(context)
        await _empty(context, str(kind[0]))
        self._free.append((kind, context))
        if len(self._free) > FREE:
            _, oldest = self._free.pop(0)
            await oldest.close()

    async def _new(self, address: str, on: ViewportSize, theme: str, script: str) -> BrowserContext:
        context = await self._browser.new_context(
            base_url=address,
            viewport=on,
            has_touch=on == PHONE,
            is_mobile=on == PHONE,
            device_scale_factor=2 if on == PHONE else 1,
            color_scheme="dark" if theme == "dark" else "light",
        )
        await context.add_init_script(script)
        return context


async def _empty(context: BrowserContext, address: str) -> None:
    for page in context.pages:
        await page.close()
    await context.set_offline(False)
    await context.clear_cookies()
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "all"})
    await page.close()
