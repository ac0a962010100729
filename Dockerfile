# One shard: `docker build -t meetserver .`; docs/deploy.md says how several stand together.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
WORKDIR /source
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/meetserver
# The dependencies before the code, so that a change of the code leaves their layer as it is.
COPY setup.cfg constraints.txt ./
RUN python -c "from configparser import ConfigParser as C; c = C(); c.read('setup.cfg'); print(c['options']['install_requires'], c['options.extras_require']['s3'])" \
      > requirements.txt \
 && pip --python /opt/meetserver/bin/python install --only-binary :all: -c constraints.txt -r requirements.txt
COPY setup.py pyproject.toml README.md ./
COPY schema schema
COPY meetserver meetserver
RUN pip --python /opt/meetserver/bin/python install --no-deps .

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /data meetserver \
 && install -d -o meetserver -g meetserver -m 700 /data
COPY --from=build /opt/meetserver /opt/meetserver
ENV PATH=/opt/meetserver/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    MEET_HOST=0.0.0.0 MEET_PORT=8080 MEET_DATA_DIR=/data
# By number, so that orchestrators see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# It drains, which takes up to 25 s: give it 30 (docker stop -t 30; stop_grace_period).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 CMD ["python", "-IS", "-c", \
  "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['MEET_PORT']), timeout=3); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
CMD ["python", "-m", "meetserver", "serve"]
