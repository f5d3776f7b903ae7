//! OTLP over gRPC, by tonic.

use super::{LIMIT, Refused, take};
use crate::trace::desk::Desk;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use tokio::net::TcpListener;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

struct Service(Desk);

/// Serves until the runtime ends.
pub(super) async fn serve(listener: TcpListener, desk: Desk) {
    let service = TraceServiceServer::new(Service(desk))
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(LIMIT);
    let served = Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)).await;
    if let Err(error) = served {
        tracing::error!(%error, "tracing.receiver.grpc failed");
    }
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        match take(&self.0, "grpc", request.into_inner()) {
            Ok(()) => Ok(Response::new(ExportTraceServiceResponse::default())),
            Err(refused @ Refused::Off) => Err(Status::unavailable(refused.as_str())),
            Err(refused @ Refused::Malformed) => Err(Status::invalid_argument(refused.as_str())),
        }
    }
}
