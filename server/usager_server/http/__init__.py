"""The door: routes, headers, formats, errors and context; the only room that knows ASGI, FastAPI and Starlette."""
