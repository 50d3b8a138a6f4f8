# The service alone: `docker compose up` brings it with Redis. The home is a volume.
FROM python:3.11-slim-bookworm

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 huoren

WORKDIR /opt/huoren
COPY requirements.serve.txt ./
RUN pip install --no-cache-dir --requirement requirements.serve.txt
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY features features
COPY recsys recsys
COPY training training
COPY serving serving
RUN pip install --no-cache-dir hatchling==1.33.0 \
    && pip install --no-cache-dir --no-deps --no-build-isolation . \
    && mkdir /home/huoren/data && chown huoren /home/huoren/data

USER 10001
ENV HUOREN_HOME=/home/huoren/data \
    BENTOML_DO_NOT_TRACK=true \
    OMP_WAIT_POLICY=passive
VOLUME /home/huoren/data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:3000/readyz', timeout=2)"]
# Beyond this machine the service asks for keys: put the keys file into the volume.
ENTRYPOINT ["huoren", "serve"]
CMD ["--host", "0.0.0.0", "--port", "3000", "--keys", "/home/huoren/data/keys.txt"]
