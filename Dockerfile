FROM python:3.13-slim
WORKDIR /app
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The locked requirements change seldom, so they are a layer of their own.
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m pip install --require-hashes -r requirements.lock
COPY api ./api
COPY models ./models
COPY resolvers ./resolvers
COPY admin ./admin
COPY migrations ./migrations
RUN python -m pip install --no-deps --no-build-isolation . \
    && useradd --system --uid 10001 --home-dir /data --create-home partner-center
USER partner-center
WORKDIR /data
VOLUME ["/data"]
ENV PARTNER_CENTER_DATABASE_URL=sqlite+aiosqlite:////data/partner-center.db PARTNER_CENTER_HOST=0.0.0.0 \
    PARTNER_CENTER_PORT=8000 PARTNER_CENTER_ENVIRONMENT=production
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["partner-center"]
CMD ["serve"]
