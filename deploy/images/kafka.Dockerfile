# apache/kafka, from its JARs on Maven Central (deploy/kafka/pom.xml) and Debian's Java.
ARG BASE
FROM ${BASE}
ENV DEBIAN_FRONTEND=noninteractive
RUN groupadd --system --gid 1000 appuser && useradd --system --uid 1000 --gid 1000 --home-dir /opt/kafka appuser \
 && mkdir -p /usr/share/man/man1 \
 && apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-21-jre-headless >/dev/null \
 && install -d -o appuser -g appuser /var/lib/kafka/data \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log /var/cache/debconf/*-old
COPY libs /opt/kafka/libs
USER 1000:1000
VOLUME /var/lib/kafka/data
EXPOSE 9092 9094
