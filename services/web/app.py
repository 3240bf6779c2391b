"""The web application: pages, their JSON twins and the API over one store."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse
from starlette.staticfiles import StaticFiles

from services.access import Senders, SignIns
from services.gathering import Gathering
from services.settings import Settings
from services.store import Store
from services.watching import ready
from services.web import (
    api,
    days,
    edits,
    errors,
    feeds,
    live,
    notices,
    office,
    owed,
    plans,
    sign_in,
    student,
    teacher,
    whatif,
)
from services.web.auth import not_from_elsewhere
from services.web.observed import Observed
from services.web.security import BodyLimit, SecureHeaders

ROUTERS = (
    sign_in.router,
    days.pages.router,
    plans.pages.router,
    edits.pages.router,
    whatif.pages.router,
    office.pages.router,
    owed.pages.router,
    teacher.pages.router,
    student.pages.router,
    feeds.pages.router,
    feeds.router,
    live.router,
    notices.pages.router,
    api.router,
)
UPLOADS = ("/api/imports/", "/imports")


def create_app(settings: Settings, store: Store) -> FastAPI:
    """The application for an installation; `store` is migrated and closed by the caller."""
    app = FastAPI(
        title="flexday",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        dependencies=[Depends(not_from_elsewhere)],
    )
    app.state.settings = settings
    app.state.store = store
    app.state.gathering = Gathering(store)
    app.state.senders = Senders(store)
    app.state.sign_ins = SignIns(store, settings.secret)
    errors.add_handlers(app)
    for router in (*ROUTERS, *([sign_in.picker] if settings.role_picker else [])):
        app.include_router(router)
    app.mount("/static", StaticFiles(packages=[("services.web", "static")]), "static")

    @app.get("/healthz", include_in_schema=False)
    async def health() -> dict[str, str]:
        """Alive: it answers. Whether the record does is asked of /readyz."""
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    def is_ready() -> JSONResponse:
        """Fit to be given work: the record answers and may be served."""
        wrong = ready(store)
        return JSONResponse({"ready": wrong is None}, 200 if wrong is None else 503)

    def limit_of(path: str) -> int:
        return settings.largest_upload if path.startswith(UPLOADS) else settings.largest_body

    app.add_middleware(BodyLimit, limit_of=limit_of)
    app.add_middleware(SecureHeaders)
    app.add_middleware(Observed)
    return app
