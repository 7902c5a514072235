FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072 DATA_DIR=/data HOST=0.0.0.0 PORT=8000
WORKDIR /app

COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt && useradd --system --uid 10001 --no-create-home orderbridge

# What runs, and no more: no sandbox, no tests.
COPY wsgi.py ./
COPY webapp ./webapp
COPY jobs ./jobs
COPY templates ./templates
COPY migrations ./migrations
RUN python -m compileall -q wsgi.py webapp jobs migrations && install -d -o orderbridge -m 700 /data

USER orderbridge
EXPOSE 8000
CMD ["python", "-m", "jobs.web"]
