// Shows the document, to click through. Nothing is asked of anybody but this gateway.
SwaggerUIBundle({
  dom_id: '#api',
  url: '/openapi.json',
  validatorUrl: null,
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
});
